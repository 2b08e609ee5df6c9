"""The touch page reads an eye out of the name of a file as the program does."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

from edge_runtime.exams.names import eye_in
from edge_runtime.service.page import page_texts
from edge_runtime.service.page.assets import FOLDER

NAMES = [
    *("P7_OD_1.png", "P7_OS_1.png", "p7-od1.PNG", "03left.jpg", "scan right eye.tiff", "P1_OG_2.dcm", "OI 1.bmp"),
    *("exam_R.png", "exam-L_003.png", "L_Smith_1.png", "R L.png", "exam_R1.png", "r_30deg.png", "exam R 2 b.png"),
    *("OD_OS_1.png", "MODEL.png", "1.png", "scan.OD.png", ".OD", "OD", "noext_OS", "a.b_OS.c.png", "constructor.png"),
    *("右眼_1.png", "左.png", "اليمنى 2.png", "يسار_3.png", "OD_1.png", "gauche²_1.png", "OD².png", "², L ²5.png"),
]
SCRIPT = """
const [source, names, eyes] = JSON.parse(require("fs").readFileSync(0, "utf8"));
import(`data:text/javascript,${encodeURIComponent(source)}`).then(({ eyeInName }) =>
  console.log(JSON.stringify(names.map((name) => eyeInName(name, eyes)))));
"""


def test_names_say_the_same_eye_to_the_page_and_to_the_program(program: Callable[[str], str]) -> None:
    given = [Path(FOLDER, "names.js").read_text(encoding="utf-8"), NAMES, page_texts("en")["eye_words"]]
    done = subprocess.run(
        [program("node"), "-e", SCRIPT], input=json.dumps(given), capture_output=True, text=True, check=True, timeout=60
    )
    found = dict(zip(NAMES, json.loads(done.stdout), strict=True))
    assert found == {name: eye_in(Path(name).stem) for name in NAMES}
    assert {found["P7_OD_1.png"], found["P7_OS_1.png"], found["OD_OS_1.png"]} == {"OD", "OS", None}
