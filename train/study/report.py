"""The study in words: report.md from the same tree of numbers that results.json holds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from .baselines import MEASURES

Tree = dict[str, Any]


def write_report(results: Tree, figures: Sequence[str]) -> str:
    """Return the Markdown text."""
    parts = [
        _head(results), _table_1(results), _refusals(results), _dice(results), _diagnosis(results),
        _strata(results), _baselines(results), _localisation(results), _calibration(results), _against_truth(results),
        _repeated(results), _moved(results), _left_out(results), _pictures(figures),
    ]  # fmt: skip
    return "\n".join(line for part in parts for line in part) + "\n"


def number(value: float | None, digits: int = 3) -> str:
    """A number, or a dash where it is undefined."""
    return "-" if value is None else f"{value:.{digits}f}"


def estimate(one: Tree, digits: int = 3) -> str:
    """An estimate with its interval: 0.981 (0.964 to 0.993), `*` where the bound is exact."""
    if one["value"] is None:
        return "-"
    if one["low"] is None:
        return f"{number(one['value'], digits)} (no interval)"
    exact = "*" if one["method"].startswith("exact") else ""
    return f"{number(one['value'], digits)} ({number(one['low'], digits)} to {number(one['high'], digits)}{exact})"


def counts(one: Tree) -> str:
    """Units per group: 132 clear, 89 cataract."""
    return ", ".join(f"{count} {name or 'all'}" for name, count in one["n"].items())


def test(one: Tree | None) -> str:
    """A p value, or why there is none."""
    if one is None:
        return "-"
    if one["p"] is None:
        return one["why_not"] or "-"
    return "p < 0.001" if one["p"] < 0.001 else f"p = {one['p']:.3f}"


def table(head: Sequence[str], lines: Sequence[Sequence[str]]) -> Iterator[str]:
    """A Markdown table and an empty line."""
    yield "| " + " | ".join(head) + " |"
    yield "|" + "---|" * len(head)
    for line in lines:
        yield "| " + " | ".join(line) + " |"
    yield ""


def _head(results: Tree) -> Iterator[str]:
    model, data, threshold = results["model"], results["data"], results["threshold"]
    yield f"# Study: {data['description']}"
    yield ""
    yield "Research use only. Not a medical device."
    yield ""
    yield f"- Model {model['name']} {model['version']} ({model['precision']}), sha256 `{model['sha256']}`."
    yield f"- Trained on: {model['trained_on']} (commit `{model['training_commit']}`)."
    yield f"- Data sha256 `{data['sha256']}`; code `{results['code_revision']}`; seed {results['seed']}."
    machine = results["machine"]
    yield f"- {machine['cpu']}, {machine['cpus']} processors; inference {results['infer_ms_median']:.0f} ms (median)."
    yield "- " + ", ".join(f"{name} {version}" for name, version in results["versions"].items()) + "."
    yield f"- Threshold: Cataract Fraction {threshold['cf_threshold']:.4f}, {threshold['method']}."
    yield (
        f"- In brackets: 95 % intervals by bootstrap of patients, stratified by group ({results['resamples']} "
        "resamples). `*`: the estimate is 0 or 1, and the bound is exact (Clopper-Pearson) over patients, those of the "
        "smaller group where there are two. Undefined numbers are dashes."
    )
    yield "- An eye's Cataract Fraction is the mean over its gradable scans. Of several exams the first is diagnosed."
    shared = results["patients_shared_with_development"]
    if shared:
        yield f"- **Warning: {shared} patients are also in the dataset that fixed the threshold.**"
    yield ""


def _table_1(results: Tree) -> Iterator[str]:
    yield "## Who (Table 1 of the paper)"
    yield ""
    columns = results["table_1"]
    fractions = results["cataract_fraction"]

    def spread(one: Tree) -> str:
        text = f"{number(one['mean'], 2)} +- {number(one['sd'], 2)} (n {one['n']}"
        return text + (f", {one['missing']} missing)" if one["missing"] else ")")

    lines = [["images", *(str(columns[group]["images"]) for group in columns)]]
    lines.append(["eyes", *(str(columns[group]["eyes"]) for group in columns)])
    lines.append(["patients", *(str(columns[group]["patients"]) for group in columns)])
    for name, title in (("age_years", "age, years"), ("bcva_logmar", "BCVA, logMAR")):
        lines.append([f"{title}, mean +- SD", *(spread(columns[group][name]) for group in columns)])
        lines.append(
            [f"{title}: normal? (D'Agostino-Pearson)", *(test(columns[g][name]["normality"]) for g in columns)]
        )
        lines.append(
            [f"{title}: against development (Mann-Whitney U)"]
            + [test(columns[group][name]["against_development"]) for group in columns]
        )
    lines.append(["Cataract Fraction, mean", *(estimate(fractions["mean"][group]) for group in columns)])
    lines.append(["Cataract Fraction, SD", *(estimate(fractions["sd"][group]) for group in columns)])
    lines.append(["Cataract Fraction: normal?", *(test(fractions["normality"][group]) for group in columns)])
    lines.append(["eyes not graded", *(str(results["eyes_not_graded"][group]) for group in columns)])
    yield from table(["", *columns], lines)
    yield f"Cataract Fraction between the groups (Mann-Whitney U): {test(fractions['between_groups'])}."
    yield ""


def _refusals(results: Tree) -> Iterator[str]:
    one = results["refusals"]
    yield "## Scans refused"
    yield ""
    yield f"With a gradable lens: {one['with_lens_refused']} of {one['with_lens']} refused."
    if one["without_lens"]:
        share = estimate(one["share_without_lens_refused"])
        yield f"Without: {one['without_lens_refused']} of {one['without_lens']} refused, {share}."
        for state, (refused, total) in one["without_lens_by_state"].items():
            yield f"- {state}: {refused} of {total}"
    if one["reasons"]:
        yield ""
        yield "Reasons: " + ", ".join(f"{reason} {count}" for reason, count in one["reasons"].items()) + "."
    yield ""


def _dice(results: Tree) -> Iterator[str]:
    yield "## Dice per class, against the masks"
    yield ""
    yield from table(
        ["label", "mean over scans where defined", "scans"],
        [[name.replace("_", " "), estimate(one), counts(one)] for name, one in results["dice"].items()],
    )


def _diagnosis(results: Tree) -> Iterator[str]:
    yield "## Clear or cataract"
    yield ""
    lines = []
    for unit, one in results["diagnosis"].items():
        fixed, own = one["fixed"], one["own"]
        lines.append([unit, counts(one["auc"]), estimate(one["auc"]), *_rates(fixed)])
        if own is not None:
            lines.append([f"{unit}, own threshold {number(own['cf_threshold'])}", "", "", *_rates(own)])
    yield from table(["unit", "n", "AUC", "sensitivity", "specificity"], lines)
    best = results["diagnosis"]["eye"]["own_threshold"]
    yield f"Youden-optimal threshold of these eyes: {estimate(best)}; rates at it are optimistic for the same eyes."
    yield ""


def _rates(one: Tree) -> list[str]:
    found = one["counts"]
    return [
        f"{found['true_positives']}/{found['positives']} = {estimate(one['sensitivity'])}",
        f"{found['true_negatives']}/{found['negatives']} = {estimate(one['specificity'])}",
    ]


def _strata(results: Tree) -> Iterator[str]:
    if not results["strata"]:
        return
    yield "## By subgroup, per eye"
    yield ""
    yield "`kind` is the kind of opacity with most visible pixels in a cataract eye."
    yield ""
    yield from table(
        ["subgroup", "n", "AUC", "sensitivity", "specificity", "not graded"],
        [
            [
                name.replace("=", ": "),
                counts(one["auc"]),
                estimate(one["auc"]),
                estimate(one["sensitivity"]),
                estimate(one["specificity"]),
                str(one["not_graded"]),
            ]
            for name, one in results["strata"].items()
        ],
    )


def _baselines(results: Tree) -> Iterator[str]:
    if not results["baselines"]:
        return
    yield "## Simpler measures on the same eyes"
    yield ""
    lines = []
    for one in results["baselines"].values():
        rates = _rates(one["fixed"]) if one["fixed"] else ["-", "-"]
        lines.append([
            one["meaning"], counts(one["auc"]), estimate(one["auc"]), estimate(one["cf_auc"]),
            estimate(one["difference"]), *rates,
        ])  # fmt: skip
    yield from table(
        ["measure", "n", "its AUC", "AUC of CF", "CF minus measure, paired", "sensitivity", "specificity"], lines
    )
    if results["grey_level"]["chosen_here"]:
        yield "The grey level was chosen on these very eyes: its AUC is optimistic."
        yield ""
    absent = [meaning for name, meaning in MEASURES.items() if name not in results["baselines"]]
    if absent:
        yield "Not measured: " + "; ".join(absent) + "."
        yield ""


def _localisation(results: Tree) -> Iterator[str]:
    one = results["localisation"]
    if one is None:
        return
    yield "## Where: against the true opacity"
    yield ""
    lines = [
        ["AUC over the pixels of a lens, mean over scans with 5 to 95 % opaque lens", estimate(one["auc"]),
         counts(one["auc"])],
        ["Dice of the cataract label, mean over scans", estimate(one["dice"]), counts(one["dice"])],
        ["clear lens pixels labelled cataract", estimate(one["false"]), counts(one["false"])],
    ]  # fmt: skip
    yield from table(["", "value", "scans"], lines)
    yield from _recall(one)


def _recall(one: Tree) -> Iterator[str]:
    yield "Recall: the share of the truly opaque pixels that are labelled cataract, pooled over scans."
    yield ""
    told = one["observable_recall"] is not None
    kinds = {"all kinds": one["recall"]} | one["recall_by_kind"]
    shares = {"all kinds": one["observable_share"]} | one["observable_share_by_kind"]
    seen = {"all kinds": one["observable_recall"]} | one["observable_recall_by_kind"]
    lines = []
    for kind, found in kinds.items():
        line = [kind, estimate(found), counts(found)]
        if told:
            known = kind in seen  # not where the scans that show this kind do not tell what is observable
            line += [estimate(shares[kind]), estimate(seen[kind]), counts(seen[kind])] if known else ["-"] * 3
        lines.append(line)
    head = ["kind of opacity", "recall of all opaque pixels", "scans"]
    if told:
        head += ["share of them that is observable", "recall of observable opaque pixels", "scans"]
    yield from table(head, lines)
    if told:
        yield "Not observable: opaque pixels in shadow or under the noise, as the dataset's `truth_observable` says."
    else:
        yield "All opaque pixels count, those in shadow or under the noise too: the dataset has no `truth_observable`."
    yield ""


def _calibration(results: Tree) -> Iterator[str]:
    one = results["calibration"]
    if one is None:
        return
    yield "## Calibration of P(cataract), over the pixels of the true lens"
    yield ""
    yield from table(
        ["mean P", "share truly opaque", "pixels"],
        [
            [number(part["mean_probability"]), number(part["opaque_share"]), str(part["pixels"])]
            for part in one["classes"]
        ],
    )
    yield f"Expected calibration error: {estimate(one['expected_error'])}."
    yield ""


def _against_truth(results: Tree) -> Iterator[str]:
    one = results["against_truth"]
    if one is None:
        return
    yield "## Cataract Fraction against the true opaque share, per eye"
    yield ""
    yield f"- Mean difference {estimate(one['mean_difference'])}; n {counts(one['mean_difference'])}."
    yield f"- Mean absolute difference {estimate(one['mean_absolute_difference'])}."
    yield f"- Pearson's r {estimate(one['correlation'])}."
    yield ""


def _repeated(results: Tree) -> Iterator[str]:
    if not results["repeated"]:
        return
    yield "## The same eyes at several exams, or under several displays"
    yield ""
    names = {
        "icc": "ICC(2,1)", "within_eye_sd": "within-eye SD", "coefficient_of_variation": "within-eye SD / mean",
        "mean_difference": "first minus second", "lower_limit": "lower limit of agreement",
        "upper_limit": "upper limit of agreement", "range_95": "range over exams, 95th percentile of eyes",
    }  # fmt: skip
    groups = results["repeated"]
    lines = [[title, *(estimate(one[name], 4) for one in groups.values())] for name, title in names.items()]
    lines.append(["exams per eye", *(str(one["exams"]) for one in groups.values())])
    lines.append(["eyes left out", *(str(one["eyes_left_out"]) for one in groups.values())])
    yield from table(["", *(f"{name} ({counts(one['icc'])})" for name, one in groups.items())], lines)


def _moved(results: Tree) -> Iterator[str]:
    one = results["moved"]
    if one is None:
        return
    yield "## The same eyes in another report"
    yield ""
    yield f"Other: {results['moved_from']}"
    yield ""
    yield from table(
        ["", "value"],
        [
            ["eyes compared: graded in both", counts(one["mean"])],
            ["eyes in both, dropped because not graded in at least one", str(one["eyes_dropped"])],
            ["of these, not graded here", str(one["not_graded_here"])],
            ["of these, not graded there", str(one["not_graded_there"])],
            ["eyes in one report only", str(one["eyes_in_one_only"])],
            ["Cataract Fraction, here minus there", estimate(one["mean"], 4)],
            ["its size, 95th percentile of eyes", estimate(one["absolute_95"], 4)],
            ["AUC here", estimate(one["auc"])],
            ["AUC there", estimate(one["other_auc"])],
            ["AUC, here minus there, paired", estimate(one["auc_difference"])],
            ["eyes on the other side of the threshold", str(one["decisions_changed"])],
        ],
    )


def _left_out(results: Tree) -> Iterator[str]:
    if not results["left_out"]:
        return
    yield "## Left out"
    yield ""
    for sentence in results["left_out"]:
        yield f"- {sentence}"
    yield ""


def _pictures(figures: Sequence[str]) -> Iterator[str]:
    yield "## Figures"
    yield ""
    for name in figures:
        yield f"![{name.rsplit('.', 1)[0].replace('_', ' ')}]({name})"
        yield ""
