"""Write docs/benchmarks.md and its picture from the results: `python -m benchmarks.evidence.benchmarks_page`."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from benchmarks.parity.cohort import MAX_AUC_DRIFT, MAX_LENS_DICE_DRIFT
from export.verify import LIMITS

RESULTS = Path(__file__).parents[1] / "results"
PAGE = Path(__file__).parents[2] / "docs" / "benchmarks.md"
PICTURE = PAGE.with_suffix(".png")


def main() -> int:
    """Write both."""
    results = read()
    PAGE.write_text(page(results), encoding="utf-8")
    draw(results["network"], PICTURE)
    return 0


def read() -> dict[str, dict[str, Any]]:
    """The committed results by name."""
    names = ("parity", "network", "cold_start", "soak", "tiles", "operators", "emulated")
    return {name: json.loads((RESULTS / f"{name}.json").read_text(encoding="utf-8")) for name in names}


def page(results: Mapping[str, dict[str, Any]]) -> str:
    """The page as text."""
    lines = [
        "# Benchmarks",
        "",
        "How close the exported models are to PyTorch, and what they cost. Written by `make bench`.",
        "Simulated scans; times are of one machine, so only ratios measured in one run mean anything elsewhere.",
        "",
        *parity(results["parity"]),
        *network(results["network"]),
        *cold_start(results["cold_start"]),
        *soak(results["soak"]),
        *tiles(results["tiles"]),
        *operators(results["operators"]),
        *emulated(results["emulated"]),
    ]
    return "\n".join(lines)


def parity(content: dict[str, Any]) -> Iterator[str]:
    """Section on parity."""
    yield from heading("Parity", content, "parity.cohort")
    yield f"{content['data']['scans']} scans ({content['data']['description']}), from the bytes of each file to the"
    yield "decision, once with the network in PyTorch and once with the exported model."
    yield ""
    rows = [
        ("probability, largest difference", "probability", lambda limits: limits.probability),
        ("labels different", "labels_different", lambda limits: limits.labels and f"{limits.labels:g} of all"),
        ("Cataract Fraction, largest difference", "cf", lambda limits: limits.cf),
        ("Cataract Fraction, 99th percentile", "cf_99", lambda limits: limits.cf_99),
        ("eyes", "eyes", lambda _: None),
        ("eyes within the guard band", "eyes_borderline", lambda _: None),
        ("decisions changed", "decisions_changed", lambda limits: 0 if limits.probability else None),
        ("decisions changed outside the guard band", "decisions_changed_outside_guard_band", lambda _: 0),
        ("AUC per eye, difference", "auc", lambda _: MAX_AUC_DRIFT),
        ("lens Dice with the truth, difference", "lens_dice", lambda _: MAX_LENS_DICE_DRIFT),
        ("labels compared", "pixels", lambda _: None),
    ]
    models = content["models"]
    columns = [name for one in models for name in (one["model"]["precision"], "at most")]
    cells = []
    for title, name, limit in rows:
        row = [title]
        for one in models:
            found = one["found"][name]
            row.append(number(found["drift"] if isinstance(found, dict) else found))
            row.append(number(limit(LIMITS[one["model"]["precision"]])))
        cells.append(row)
    yield from table(["", *columns], cells)
    broken = [f"{one['model']['precision']}: {sentence}" for one in models for sentence in one["broken"]]
    if broken:
        yield f"**Broken: {'; '.join(broken)}.**"
        yield ""


def network(content: dict[str, Any]) -> Iterator[str]:
    """Sections on the speed of the network, and of a whole scan."""
    yield from heading("Speed of the network", content, "speed.network")
    yield f"From the crop of {content['input'][0]} x {content['input'][1]} pixels to the counts: preparation, network,"
    yield f"probabilities, labels. {content['threads']} threads each. Every contender has a process of its own and they"
    yield f"take turns, {content['rounds']} rounds; medians of a turn, their median and range. The first result is"
    yield "timed from the start of the process."
    yield ""
    yield "![Time per crop of every contender](benchmarks.png)"
    yield ""
    contenders = content["contenders"]
    of_network = {name: one for name, one in contenders.items() if not name.startswith("scan-")}
    of_scan = {name: one for name, one in contenders.items() if name.startswith("scan-")}
    columns = ["", "ms", "first result, s", "peak memory, MB"]
    yield from table(columns, [_cost(one) for one in of_network.values()])
    rows = []
    for one in content["ratios"]:
        least, most = one["at_least"], one["at_most"]
        reached = (least is None or one["median"] >= least) and (most is None or one["median"] <= most)
        rows.append(
            [
                f"{contenders[one['slower']]['title']} over {contenders[one['faster']]['title']}",
                f"at least {least:g}" if least is not None else f"at most {most:g}",
                spread(one),
                "yes" if reached else "no",
            ]
        )
    yield from table(["ratio", "asked for", "median (range)", "reached"], rows)
    yield from heading("Speed of a whole scan", content, "speed.network")
    yield "From the file, a PNG of 2150 x 1824, to the Cataract Fraction, in a process that is warm. Scans per second:"
    yield "in one and in two processes of one thread each. On disk: what a device installs, models aside."
    yield ""
    rows = [
        [
            *_cost(one),
            *(f"{content['scans_per_second'][name][str(processes)]:.1f}" for processes in (1, 2)),
            f"{content['installed_bytes'][name] / 1e6:.0f}",
        ]
        for name, one in of_scan.items()
    ]
    yield from table([*columns, "scans/s, 1 process", "2 processes", "on disk, MB"], rows)


def cold_start(content: dict[str, Any]) -> Iterator[str]:
    """Section on the first scan of a process."""
    wall, processor = content["wall"], content["processor"]
    yield from heading("Cold start", content, "speed.cold_start")
    yield "`edge-cataract scan.png --json` on a PNG of 2150 x 1824, a process each, against a bare"
    yield f"`python -c 'import numpy, cv2, onnxruntime'`, {content['pairs']} pairs in turn."
    yield ""
    rows = [
        ["wall time over bare imports, median (quartiles)", "1.7", _quartiles(wall)],
        ["processor time over bare imports, median (quartiles)", "1.7", _quartiles(processor)],
        ["least wall time, ms: bare; command", "-", f"{wall['bare_min_ms']:.0f}; {wall['command_min_ms']:.0f}"],
        ["verification of the model, share of the command", "0.05", f"{content['verification_share']:.3f}"],
        ["peak memory, MB: bare imports", "-", f"{content['peak_mb']['bare']:.1f}"],
        ["peak memory, MB", "110", f"{content['peak_mb']['command']:.1f}"],
        [f"with --max-memory {content['capped']['max_memory_mb']}", "exit code 0", _capped(content["capped"])],
    ]
    yield from table(["", "at most", "measured"], rows)


def _quartiles(one: dict[str, float]) -> str:
    return f"{one['ratio_median']:.2f} ({one['ratio_lower_quartile']:.2f} to {one['ratio_upper_quartile']:.2f})"


def _capped(one: dict[str, float]) -> str:
    if one["exit_code"]:
        return f"refused, exit code {one['exit_code']}"
    return f"exit code 0, peak {one['peak_mb']:.1f} MB"


def soak(content: dict[str, Any]) -> Iterator[str]:
    """Section on many scans in one process, and on repeats."""
    one, repeats = content["soak"], content["repeats"]
    yield from heading("Many scans", content, "memory.soak")
    threads, descriptors = ("; ".join(str(count) for count in one[name]) for name in ("threads", "descriptors"))
    rows = [
        [
            f"memory grown per scan, scans {one['settled']} to {one['scans']}, bytes",
            "1024",
            number(one["bytes_per_scan"]),
        ],
        ["threads, early; late", "constant", threads],
        ["descriptors, early; late", "constant", descriptors],
        ["different documents of one scan", "1", str(repeats["documents"])],
    ]
    yield from table(["", "at most", "measured"], rows)
    yield f"Documents without time of creation, timings and threads: {repeats['count']} of the command line and as many"
    yield f"of Python, for each of {' and '.join(str(count) for count in repeats['threads'])} threads."
    yield ""


def emulated(content: dict[str, Any]) -> Iterator[str]:
    """Section on processors that were emulated."""
    yield from heading("Other processors", content, "parity.emulated")
    yield f"Samples labelled on emulated processors ({content['emulator']}), against this machine's own labels."
    yield ""
    rows = [
        [one["processor"], one["instructions"], scan["precision"], scan["source"],
         f"{scan['cataract_px']} of {scan['lens_px']}", "yes" if scan["labels_equal"] else "no"]
        for one in content["emulated"]
        for scan in one["scans"]
    ]  # fmt: skip
    yield from table(["processor", "instructions", "precision", "scan", "cataract pixels", "labels equal"], rows)


def tiles(content: dict[str, Any]) -> Iterator[str]:
    """Section on tiles."""
    yield from heading("Tiles", content, "speed.tiles")
    yield f"A frame of {content['input'][0]} x {content['input'][1]} pixels at once, in tiles, and by MONAI's"
    yield "`sliding_window_inference` around the same session. Pixels: read over kept. Time: over that of the whole"
    yield "frame, same rounds."
    yield ""
    rows = [
        [
            one["title"],
            str(one["tiles"]),
            f"{one['pixels_ratio']:.3f}",
            spread(one["time_ratio"]),
            f"{one['time_ratio']['median'] / one['pixels_ratio']:.2f}",
            number(one["probability"]),
            str(one["labels_different"]),
        ]
        for one in content["ways"]
    ]
    columns = ["", "tiles", "pixels", "time (range)", "time over pixels", "probability moved", "labels different"]
    yield from table(columns, rows)


def operators(content: dict[str, Any]) -> Iterator[str]:
    """Section on operators."""
    yield from heading("Operators", content, "speed.operators")
    yield f"Share of the time of one crop, by operator of the graph as onnxruntime runs it; {content['runs']} runs"
    yield f"under its profiler, {content['threads']} threads."
    yield ""
    for one in content["models"]:
        yield f"{one['precision']}, {one['ms']:.1f} ms:"
        yield ""
        rows = [[row["operator"], str(row["nodes"]), f"{100 * row['share']:.1f} %"] for row in one["operators"]]
        yield from table(["operator", "nodes", "time"], rows)


def heading(title: str, content: dict[str, Any], script: str) -> Iterator[str]:
    """A title, and where the numbers below it come from."""
    machine = content["machine"]
    versions = ", ".join(f"{name} {version}" for name, version in _versions(content).items())
    yield f"## {title}"
    yield ""
    yield f"`python -m benchmarks.{script}`, commit {content['commit']}, {machine['processor']}, {machine['cores']}"
    yield f"cores, Python {machine['python']}, {versions}."
    yield ""


def _versions(content: dict[str, Any]) -> dict[str, str]:
    return content.get("versions") or {name: content["runtime"][name] for name in ("numpy", "opencv", "onnxruntime")}


def table(columns: list[str], rows: list[list[str]]) -> Iterator[str]:
    """Lines of a table, and an empty one."""
    yield f"| {' | '.join(columns)} |"
    yield f"|{'---|' * len(columns)}"
    yield from (f"| {' | '.join(row)} |" for row in rows)
    yield ""


def number(value: float | str | None) -> str:
    """A number as it is read: counts whole, the rest with three figures."""
    match value:
        case None:
            return "-"
        case float():
            return f"{value:.3g}"
        case _:
            return str(value)


def spread(one: dict[str, float]) -> str:
    """Median and range."""
    return f"{one['median']:.2f} ({one['min']:.2f} to {one['max']:.2f})"


def _cost(one: dict[str, Any]) -> list[str]:
    return [one["title"], spread(one["ms"]), f"{one['first_result_s']:.2f}", f"{one['peak_memory_mb']:.0f}"]


def draw(content: dict[str, Any], path: Path) -> None:
    """Time per crop, on a logarithmic axis, with the range over the rounds."""
    from matplotlib.figure import Figure

    known = {name: one for name, one in content["contenders"].items() if not name.startswith("scan-")}
    shown = sorted(known.items(), key=lambda item: item[1]["ms"]["median"], reverse=True)
    medians = [one["ms"]["median"] for _, one in shown]
    range_ms = [
        [one["ms"]["median"] - one["ms"]["min"] for _, one in shown],
        [one["ms"]["max"] - one["ms"]["median"] for _, one in shown],
    ]
    colours = ["tab:blue" if name.startswith("ours") else "lightgrey" for name, _ in shown]
    figure = Figure(figsize=(8, 0.4 * len(shown) + 0.9), layout="constrained")
    axes = figure.subplots()
    axes.barh([one["title"] for _, one in shown], medians, xerr=range_ms, color=colours, error_kw={"lw": 1})
    axes.set(xscale="log", xlabel="ms per crop: median and range over the rounds")
    for place, value in enumerate(medians):
        axes.text(value, place, f" {value:,.1f}", va="bottom", fontsize="small")
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=120)


if __name__ == "__main__":
    sys.exit(main())
