"""What the page calls the answers, eyes, zones and kinds of our documents; catalogues translate the English names."""

from __future__ import annotations

from edge_runtime.measure.answer import Answer
from edge_runtime.scan import Laterality

VERDICTS: dict[Answer, str] = {
    Answer.REFER: "Refer",
    Answer.REPEAT: "Repeat",
    Answer.NO_SIGN: "No sign",
    Answer.UNGRADABLE: "Ungradable",
}
EYES: dict[Laterality | None, str] = {
    Laterality.OD: "Right eye",
    Laterality.OS: "Left eye",
    None: "Eye of unknown side",
}
ZONES: dict[str, str] = {
    "nucleus": "Nucleus",
    "anterior-cortex": "Front cortex",
    "posterior-cortex": "Back cortex",
    "anterior-subcapsular": "Below the front capsule",
    "posterior-subcapsular": "Below the back capsule",
    "central-3mm": "Central 3 mm",
}
KINDS: dict[str, str] = {
    "nuclear": "Nuclear",
    "cortical": "Cortical",
    "posterior-subcapsular": "Posterior subcapsular",
    "anterior-subcapsular": "Anterior subcapsular",
    "any": "Cataract of any kind",
}
