"""The peers, and an environment for each: `build/peers/NAME`, made once from the package index."""

from __future__ import annotations

import shutil
import subprocess
import sys
import sysconfig
import time
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "build" / "peers"
_STARTED = time.time()  # ours is installed anew by every run: it changes most
TORCH = "torch==2.13.0"  # exact, and first: an unpinned one brings gigabytes of CUDA libraries
TORCHVISION = "torchvision==0.28.0"  # without what it requires, or it would replace torch; nothing here uses it


@dataclass(frozen=True, slots=True)
class Peer:
    """What a user could take instead.

    Attributes
    ----------
    title
        In tables.
    installs
        Requirements, in the order in which they are installed.
    runs
        Timed runs in a turn: fewer of what is slow.
    versions
        Packages whose versions are reported.
    """

    title: str
    installs: tuple[str, ...]
    runs: int
    versions: tuple[str, ...]


# Our own environment holds what a device installs, like everybody's.
OURS = "edge_cataract"
PEERS = MappingProxyType({
    OURS: Peer("edge-cataract int8", (str(ROOT),), 10, ("edge-cataract", "onnxruntime")),
    "rembg": Peer("rembg (u2netp)", ("rembg[cpu]==2.0.86",), 5, ("rembg", "onnxruntime")),
    "ultralytics": Peer(
        "Ultralytics YOLO11n-seg, ONNX",
        (TORCH, TORCHVISION, "ultralytics==8.4.190", "onnx", "onnxslim", "onnxruntime"), 10,
        ("ultralytics", "onnxruntime", "torch"),
    ),
    "model_api": Peer(
        "OpenVINO Model API, small U-Net", ("openvino-model-api[onnx]==0.4.7",), 10, ("openvino-model-api", "openvino")
    ),
    "monai": Peer("MONAI BasicUNet, sliding window", (TORCH, "monai==1.6.1", "pillow"), 1, ("monai", "torch")),
    "nnunet": Peer("nnU-Net v2", (TORCH, TORCHVISION, "nnunetv2==2.8.1"), 1, ("nnunetv2", "torch")),
    "paper": Peer("the paper's network, PyTorch", (TORCH, "numpy", "pillow"), 1, ("torch",)),
})  # fmt: skip


def python_of(name: str, folder: Path = FOLDER) -> Path:
    """Return the Python of a peer's environment, which is made where it is not there or holds other packages.

    Raises
    ------
    RuntimeError
        When PyTorch comes for CUDA: it would cost what nobody on a device pays.
    """
    place = folder / name
    python, stamp = place / "bin" / "python", place / "installed"
    wanted = "\n".join(PEERS[name].installs)
    if name != OURS and stamp.exists() and stamp.read_text(encoding="utf-8") == wanted:
        return python
    if name == OURS and stamp.exists() and stamp.stat().st_mtime > _STARTED:
        return python
    subprocess.run([sys.executable, "-m", "venv", "--clear", str(place)], check=True)
    for requirement in PEERS[name].installs:
        alone = ["--no-deps"] if requirement == TORCHVISION else []
        command = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *alone]
        subprocess.run([*command, _copy_of_ours(place) if requirement == str(ROOT) else requirement], check=True)
    if TORCH in PEERS[name].installs:
        code = "import sys, torch; sys.exit(torch.version.cuda)"
        if subprocess.run([str(python), "-c", code], check=False).returncode:
            raise RuntimeError(f"{TORCH} came for CUDA; an index with its CPU build is needed")
    stamp.write_text(wanted, encoding="utf-8")
    return python


def _copy_of_ours(place: Path) -> str:
    """A copy of this project to build from, so that no build folder is left in the checkout."""
    source = place / "source"
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        source.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, source)
    shutil.copytree(ROOT / "edge_runtime", source / "edge_runtime", ignore=shutil.ignore_patterns("__pycache__"))
    return str(source)


def installed_bytes(name: str, folder: Path = FOLDER) -> int:
    """Count the bytes of the packages in an environment; pip and setuptools, which every environment has, aside."""
    site = Path(sysconfig.get_path("purelib", vars={"base": str(folder / name)}))
    ours = ("pip", "setuptools", "_distutils_hack", "pkg_resources")
    return sum(
        path.stat().st_size
        for path in site.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and not path.relative_to(site).parts[0].startswith(ours)
    )


def versions_of(name: str, folder: Path = FOLDER) -> dict[str, str]:
    """Return the versions of a peer's packages."""
    code = "import sys, importlib.metadata as m; print(*map(m.version, sys.argv[1:]))"
    words = [str(python_of(name, folder)), "-c", code, *PEERS[name].versions]
    done = subprocess.run(words, check=True, capture_output=True, text=True)
    return dict(zip(PEERS[name].versions, done.stdout.split(), strict=True))
