"""TextGrids for small corpora, in both of Praat's forms."""

from collections.abc import Mapping, Sequence
from pathlib import Path

Intervals = Sequence[tuple[float, float, str]]
WORDS: Intervals = ((0.0, 0.1, ""), (0.1, 0.4, "so"), (0.4, 0.5, ""))
PHONES: Intervals = ((0.0, 0.1, "sil"), (0.1, 0.2, "S"), (0.2, 0.4, "OW1"), (0.4, 0.5, "sp"))
SAID: Mapping[str, Intervals] = {"words": WORDS, "phones": PHONES}


def write_textgrid(sound: Path, tiers: Mapping[str, Intervals] = SAID) -> Path:
    """A TextGrid of half a second beside a file of sound."""
    path = sound.with_suffix(".TextGrid")
    path.write_text(long_form(tiers), encoding="utf-8")
    return path


def long_form(tiers: Mapping[str, Intervals]) -> str:
    """A TextGrid with the names of its fields, as Praat writes it."""
    lines = ['File type = "ooTextFile"', 'Object class = "TextGrid"', "", "xmin = 0 ", f"xmax = {_end(tiers)} "]
    lines += ["tiers? <exists> ", f"size = {len(tiers)} ", "item []: "]
    for number, (name, intervals) in enumerate(tiers.items(), start=1):
        lines += [f"    item [{number}]:", '        class = "IntervalTier" ', f'        name = "{name}" ']
        lines += ["        xmin = 0 ", f"        xmax = {_end(tiers)} ", f"        intervals: size = {len(intervals)} "]
        for place, (start_s, end_s, label) in enumerate(intervals, start=1):
            lines += [f"        intervals [{place}]:", f"            xmin = {start_s} ", f"            xmax = {end_s} "]
            lines.append(f'            text = "{label}" ')
    return "\n".join(lines) + "\n"


def short_form(tiers: Mapping[str, Intervals]) -> str:
    """A TextGrid with its values alone."""
    lines = ['File type = "ooTextFile"', 'Object class = "TextGrid"', "", "0", str(_end(tiers)), "<exists>"]
    lines.append(str(len(tiers)))
    for name, intervals in tiers.items():
        lines += ['"IntervalTier"', f'"{name}"', "0", str(_end(tiers)), str(len(intervals))]
        lines += [str(value) for start_s, end_s, label in intervals for value in (start_s, end_s, f'"{label}"')]
    return "\n".join(lines) + "\n"


def _end(tiers: Mapping[str, Intervals]) -> float:
    return max((end_s for intervals in tiers.values() for _, end_s, _ in intervals), default=0.5)
