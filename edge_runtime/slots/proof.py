"""Is a model one that this device may use? Its seal, its contract, and the numbers that its export found."""

from __future__ import annotations

from edge_runtime.analyzer import CataractAnalyzer
from edge_runtime.errors import InferenceError, ModelIncompatibleError
from edge_runtime.frame.profiles import PROFILES
from edge_runtime.golden import run_selftest
from edge_runtime.look.network import SCHEMA as LOOK_SCHEMA
from edge_runtime.machine.cgroup import available_threads
from edge_runtime.machine.resources import Limits
from edge_runtime.measure.lens import CLASSES
from edge_runtime.model.metadata import EXPORT_MODEL, PREFIX, ModelMetadata
from edge_runtime.model.network import Network
from edge_runtime.model.onnx_file import checked_entries
from edge_runtime.model.seal import check_seal


def prove(data: bytes) -> ModelMetadata:
    """Check a model before it may be used; what it says of itself.

    Parameters
    ----------
    data
        Bytes of the model file.

    Raises
    ------
    ModelIntegrityError
        When they are not those that were sealed.
    ModelIncompatibleError
        When inputs, outputs, classes, coefficients, profile or look are not those of this program.
    InferenceError
        ``selftest-failed`` when this device does not find the numbers that the model's export found, or the model
        brings none.
    """
    check_seal(data)
    entries = checked_entries(data)
    metadata = ModelMetadata.from_entries(entries)
    for what, found, known in (
        ("classes", entries.get(PREFIX + "classes", ""), (CLASSES,)),
        ("a profile", metadata.profile, tuple(PROFILES)),
        ("a look", metadata.look, ("", LOOK_SCHEMA)),
    ):
        if found not in known:
            raise ModelIncompatibleError(
                "model-metadata", f"The model has {what} that this program does not know: {found!r}.", EXPORT_MODEL
            )
    prove_device(CataractAnalyzer(Network(data, available_threads())))
    return metadata


def prove_device(analyzer: CataractAnalyzer, limits: Limits | None = None) -> None:
    """Check that this device finds the numbers that were found where the model comes from.

    Golden scans are read as any device's, whatever profile or threshold the analyzer was given.

    Parameters
    ----------
    analyzer
        Its model is proven.
    limits
        The threads and the memory with which it is going to measure; None: any.

    Raises
    ------
    InferenceError
        ``selftest-failed`` when it does not.
    ResourceError
        ``memory-cap`` when the golden scans cannot be measured under the cap on memory.
    """
    proven = CataractAnalyzer(analyzer.network, limits=limits)
    failed = [check for check in run_selftest(proven) if not check.passed]
    if failed:
        raise InferenceError(
            "selftest-failed",
            f"The self-test of the model failed: {failed[0].source}: {failed[0].finding}.",
            "Do not use its numbers: keep another model, and report this to the maker of the device.",
        )
