"""Verdicts in sentences: the reason for each, and what has to stand beside all of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from analysis.certification.controls import effective_tau
from analysis.rule import DecisionRule
from analysis.verdicts import ControlCount, Decision, DimensionDecision

#: How much easier than real changes the positive controls might be: real ones are found this often, as a share of q1.
SUBTLER = (1.0, 0.9, 0.8, 0.7)


def reason_of(decision: Decision, rule: DecisionRule, controls: Sequence[ControlCount]) -> str:
    """Why a condition has its verdict, as the end of a sentence."""
    tau = f"{100 * rule.tau:g} %"
    parts = decision.parts
    missing = _missing(controls)
    if missing:
        return f"without {missing} nobody knows how many real changes these listeners hear"
    few = _few(parts, controls, rule)
    if few:
        return few
    if decision.decision == "SAFE":
        return f"fewer than {tau} of the pairs truly change, in activation and in valence: {_estimates(parts)}"
    if decision.decision == "UNSAFE":
        return f"more than {tau} of the pairs truly change in activation or valence: {_estimates(parts)}"
    return f"{_open(parts, rule, tau)}: {_estimates(parts)}"


def _few(parts: Sequence[DimensionDecision], controls: Sequence[ControlCount], rule: DecisionRule) -> str:
    """What there is too little of; empty where there is enough."""
    pairs = min(part.decided for part in parts)
    if not any(part.decided for part in parts):
        return "no pair has all its votes"
    if not rule.planned_size:
        return ""
    found = {
        "judged": pairs,
        "identical": min(control.identical for control in controls),
        "positive": min(control.positive for control in controls),
    }
    for kind, count in found.items():
        if count < rule.min_pairs:
            noun = "pair" if kind == "judged" else "control"
            return f"{count} {kind} {noun}{'' if count == 1 else 's'}; a verdict needs {rule.min_pairs}"
    return ""


def _open(parts: Sequence[DimensionDecision], rule: DecisionRule, tau: str) -> str:
    """Why nothing is said of a condition."""
    above = [part.dimension for part in parts if part.share_lower is not None and part.share_lower > rule.tau]
    if above and not rule.unsafe:
        return f"{' and '.join(above)} lies above {tau}, and whether conditions are UNSAFE was not asked"
    if above:
        return f"{' and '.join(above)} seems to lie above {tau}, but not by the test over all conditions and dimensions"
    not_safe = [part.dimension for part in parts if part.decision != "SAFE"]
    return f"{' and '.join(not_safe) or 'both together'} could lie on either side of {tau}"


def _estimates(parts: Sequence[DimensionDecision]) -> str:
    return ", ".join(f"{part.dimension} {_estimate(part)}" for part in parts)


def _estimate(part: DimensionDecision) -> str:
    if part.share is None or part.share_lower is None or part.share_upper is None:
        return f"{part.changed} of {part.decided} pairs came out changed"
    return f"{100 * part.share:.1f} % ({100 * part.share_lower:.1f} to {100 * part.share_upper:.1f} %)"


def _missing(controls: Sequence[ControlCount]) -> str:
    kinds = {
        "identical": any(not control.identical for control in controls),
        "positive": any(not control.positive for control in controls),
    }
    return " and ".join(f"{kind} controls" for kind, missing in kinds.items() if missing)


def notes_of(rule: DecisionRule, guarantee: str, controls: Sequence[ControlCount], open_pairs: int) -> tuple[str, ...]:
    """What has to stand wherever the verdicts stand."""
    return tuple(_notes(rule, guarantee, controls, open_pairs))


def _notes(rule: DecisionRule, guarantee: str, controls: Sequence[ControlCount], open_pairs: int) -> Iterator[str]:
    yield (
        f"A verdict is about the share of pairs whose emotion truly changes: tau = {rule.tau:g}, error {rule.error:g}, "
        f"design {rule.design}. {guarantee}"
    )
    missing = _missing(controls)
    if missing:
        yield f"No {missing} were judged, so nothing can be certified: pairs.identical_controls and positive_controls."
    for control in controls:
        if control.margin is not None:
            yield _control(control)
            if control.positive_changed * control.identical <= control.identical_changed * control.positive:
                yield (
                    f"In {control.dimension} these listeners call real changes different no more often than identical "
                    "pairs: nothing they say of it can be used."
                )
    if rule.slack:
        yield (
            f"For SAFE, real changes were taken to be harder to hear than the positive controls by {rule.slack:g} "
            "logits; shares of changed pairs, and UNSAFE, take the controls as they are."
        )
    if open_pairs:
        yield (
            f"{open_pairs} {'pair lacks' if open_pairs == 1 else 'pairs lack'} votes that the vote rule asks for and "
            f"{'counts' if open_pairs == 1 else 'count'} against whichever verdict is asked, as far as "
            "the design came to them."
        )


def _control(control: ControlCount) -> str:
    assert control.margin is not None
    return (
        f"Controls in {control.dimension}: {control.identical_changed} of {control.identical} identical and "
        f"{control.positive_changed} of {control.positive} positive pairs came out changed; at tau a share of "
        f"{control.margin:.3f} would."
    )


def assumptions_of(rule: DecisionRule, inherited: Sequence[str]) -> tuple[str, ...]:
    """What the verdicts assume and the judgments do not show."""
    if not rule.snr_order:
        return ()
    return (
        "Assumed, not shown: less of a noise changes no more than more of it. "
        + (f"SAFE by this assumption alone: {', '.join(inherited)}." if inherited else "No verdict needed it."),
    )


def effective_taus(rule: DecisionRule, controls: Sequence[ControlCount]) -> list[tuple[str, float, float, float]]:
    """What margin the certificate really holds at, were real changes harder to hear than the positive controls.

    Returns:
        Dimension, how often real changes come out changed as a share of q1, that chance, and the margin in force.
    """
    rows = []
    for control in controls:
        if control.margin is None or control.q0 is None or control.q1 is None or control.q1 <= control.q0:
            continue
        for share in SUBTLER:
            real = share * control.q1
            if real > control.q0:
                at = min(1.0, float(effective_tau(rule.tau, control.q0, control.q1, real)))
                rows.append((str(control.dimension), share, real, at))
    return rows
