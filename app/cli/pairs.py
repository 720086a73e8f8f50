"""`earwitness pairs`: make the original/noisy pairs of a study, list, check and hear them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from app.cli.opening import chosen_clips, opened, require_file, usable_clips
from app.cli.say import command_line, print_table, progress_bar, study_option, tell, track

if TYPE_CHECKING:
    from app.wiring import Wired
    from pipelines.clip import Clip
    from pipelines.corpora.base import Problem
    from pipelines.manifest import Refusal
    from pipelines.ranking import RankingSet


class NoSuchPair(LookupError):
    """The manifest has no pair of that id."""


class PairsDiffer(ValueError):
    """Files do not agree with the manifest."""


@click.group(short_help="Make the original/noisy pairs; list, check and hear them.")
def pairs() -> None:
    """Make the original/noisy pairs of a study; list, check and hear them."""


@pairs.command()
@study_option
@click.option("--jobs", type=click.IntRange(1), help="Processes that make sound.  [default: one for each core]")
@click.option(
    "--dask", metavar="ADDRESS", help="Make them on a Dask cluster instead, whose workers see the same files."
)
def make(study: Path, jobs: int | None, dask: str | None) -> None:
    """Choose the clips, and write every pair's sound and its line in pairs/manifest.jsonl.

    Where the study asks for a qualification, the sets of clips that workers rank are written beside them.

    Stopped half-way, the same command goes on where it was and ends with the same bytes.
    """
    from pipelines.pairs import make_pairs
    from pipelines.parallel import Workers
    from pipelines.plan import plan_pairs

    with opened(study) as wired:
        design, seed = wired.study.pairs, wired.study.study.seed
        everything = usable_clips(wired)
        sounds = wired.sounds(everything)
        chosen = chosen_clips(wired, everything)
        others = filter(wired.study.sampling.fits, everything)
        with progress_bar(f"planning the pairs of {len(chosen)} clips", len(chosen)) as step:
            plan = plan_pairs(chosen, design, seed, sounds=sounds, bins=wired.study.bins, others=others, on_step=step)
        for caution in plan.cautions:
            tell(caution)
        heard = frozenset(clip.clip_id for pair in plan.pairs for clip in (pair.clip, pair.other) if clip)
        rank = _ranking_of(wired, everything, heard)  # what can't be ranked is said before anything is made
        left_out: list[Problem | Refusal] = []
        making = make_pairs(
            plan,
            sounds,
            design,
            wired.folder.pairs,
            seed,
            workers=Workers(jobs or -1, dask),  # as joblib says one for each core
            on_problem=left_out.append,
        )
        made = sum(1 for _ in track(making, "making pairs", len(plan.pairs)))
        _tell_left_out(left_out)
        if rank is not None:
            tell(f"{len(rank())} sets of {wired.study.qualification.clips} clips that workers rank")
    tell(
        f"{made} pairs of {len(plan.clips)} clips in {wired.folder.pairs}. "
        f"Next: earwitness pairs listen --study {study}"
    )


def _ranking_of(
    wired: Wired, everything: Sequence[Clip], heard: Collection[str]
) -> Callable[[], Sequence[RankingSet]] | None:
    """What makes the sets of clips that workers rank, known to be possible; None where the study wants none.

    They are of clips that are not `heard` in its pairs, by their ids, as far as the corpus has others.

    Raises:
        RankingImpossible: the corpus' ratings do not give them.
    """
    from pipelines.ranking import Needed, make_ranking, plan_ranking

    study = wired.study
    if not study.qualification.wanted:
        return None
    needed = Needed(study.qualification.clips, study.qualification.attempts)
    plan_ranking(everything, heard, needed, study.sampling, study.study.seed)
    return lambda: make_ranking(
        everything, heard, needed, study.pairs, wired.folder.pairs, sampling=study.sampling, seed=study.study.seed
    )


def _tell_left_out(left_out: Sequence[Problem | Refusal]) -> None:
    """What could not be made: refusals by condition, with one reason for an example; the manifest has them all."""
    from pipelines.manifest import Refusal

    refused: dict[str, list[Refusal]] = {}
    told = " ".join(one.sentence for one in left_out if not isinstance(one, Refusal))
    for one in left_out:
        if isinstance(one, Refusal):
            refused.setdefault(one.condition, []).append(one)
        else:
            tell(f"left out: {one.sentence}")
    for condition, refusals in refused.items():
        if f"can carry {condition}," in told:
            continue
        first = refusals[0]
        tell(f"left out: {condition} for {len(refusals)} clips, such as {first.clip_id}: {first.reason}")


@pairs.command("list")
@study_option
def list_pairs(study: Path) -> None:
    """One row a pair: id, role, condition, clip, lengths in seconds."""
    from pipelines.manifest import FILE_NAME, read_manifest

    with opened(study) as wired:
        rows = [
            (p.pair_id, p.role, p.condition, p.clip_id, p.original_length_s, p.noisy_length_s)
            for p in read_manifest(require_file(wired.folder.pairs / FILE_NAME, "pairs make"))
        ]
    print_table(("pair_id", "role", "condition", "clip_id", "original_length_s", "noisy_length_s"), rows)


@pairs.command()
@study_option
def verify(study: Path) -> None:
    """Compare every file with the manifest: what changed, is missing, or does not belong.

    Ends with 1 where anything does not agree.
    """
    from pipelines.corpora.base import Problem
    from pipelines.manifest import FILE_NAME
    from pipelines.verify import verify_pairs

    with opened(study) as wired:
        require_file(wired.folder.pairs / FILE_NAME, "pairs make")
        found = list(track(verify_pairs(wired.folder.pairs), "checking (files)", None))
    problems = [one for one in found if isinstance(one, Problem)]
    for problem in problems:
        click.echo(problem.sentence)
    if problems:
        raise PairsDiffer(f"{len(problems)} of {len(found)} files do not agree with the manifest")
    tell(f"{len(found)} files agree with the manifest")


@pairs.command()
@study_option
@click.option("--per-condition", type=click.IntRange(1), default=2, show_default=True, help="Pairs of each condition.")
@click.option("--lossless", is_flag=True, help="Embed the FLAC files that listeners hear, instead of MP3.")
@click.option(
    "--largest-mb",
    type=click.FloatRange(min=0, min_open=True),
    default=100,
    show_default=True,
    help="Limit of its size.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    show_default="pairs-listen.html in the study's folder",
    help="The page.",
)
def listen(study: Path, per_condition: int, lossless: bool, largest_mb: float, out: Path | None) -> None:
    """Write a page on which you hear and see a few pairs of every condition, before anything is paid.

    One HTML file that stands alone: open it in a browser, or mail it to a colleague.
    """
    from pipelines.listening_page.choice import choose_heard
    from pipelines.listening_page.page import Page, write_listening_page
    from pipelines.manifest import FILE_NAME

    with opened(study) as wired:
        about, bins = wired.study.study, wired.study.bins
        page = Page(about.name, command_line(), bins, lossless, largest_mb, about.simulated)
        require_file(wired.folder.pairs / FILE_NAME, "pairs make")
        heard = choose_heard(wired.folder.pairs, per_condition, bins)
        path = out or wired.folder.listening_page
        with progress_bar("drawing pairs", len(heard.pair_ids)) as step:
            write_listening_page(wired.folder.pairs, path, heard, page, progress=step)
    conditions = sum(bool(condition.pair_ids) for condition in heard.conditions)
    tell(
        f"{len(heard.pair_ids)} pairs of {conditions} conditions, {path.stat().st_size / 1e6:.1f} MB: {path}. "
        f"Next: earwitness serve --study {study}"
    )


@pairs.command()
@study_option
def conditions(study: Path) -> None:
    """One row a condition that there is: its family, SNR in dB, settings, and whether this study draws it."""
    from pipelines.conditions import settings_of

    with opened(study) as wired:
        design = wired.study.pairs
        rows = [
            (
                name,
                noise.kind,
                noise.family,
                noise.nominal_snr_db,
                name in design.conditions,
                _settings(settings_of(noise)),
            )
            for name, noise in design.all_conditions.items()
        ]
    print_table(("condition", "kind", "family", "snr_db", "drawn", "settings"), rows)


def _settings(fields: dict[str, object]) -> str:
    return ", ".join(f"{name} = {value}" for name, value in fields.items())


@pairs.command()
@study_option
@click.argument("pair_id")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
def export(study: Path, pair_id: str, file: Path) -> None:
    """Write both clips of the pair PAIR_ID, one after the other, into FILE: a WAV for any player, or for a talk.

    They sound as a listener hears them, the original first, half a second apart.
    """
    from pipelines.joining import encode_heard
    from pipelines.manifest import FILE_NAME, read_manifest
    from pipelines.sound_file import read_sound
    from pipelines.whole_file import write_whole

    with opened(study) as wired:
        folder, rate_hz = wired.folder.pairs, wired.study.pairs.sample_rate_hz
        known = read_manifest(require_file(folder / FILE_NAME, "pairs make"))
        pair = next((pair for pair in known if pair.pair_id == pair_id), None)
        if pair is None:
            raise NoSuchPair(f"{folder / FILE_NAME} has no pair {pair_id!r}; `earwitness pairs list` lists them")
        clips = [read_sound(folder / path, rate_hz) for path in (pair.original_path, pair.noisy_path)]
    write_whole(file, encode_heard(clips, rate_hz))
    tell(f"{file}: {pair.clip_id}, then {pair.condition}")
