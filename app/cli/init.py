"""`earwitness init`: a new study folder."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

import pipelines.corpora
import pipelines.sounds
from app.cli.say import tell
from pipelines.variants import variant_names

#: What a design sets otherwise than the defaults of each setting, by section.
DESIGNS: dict[str, dict[str, dict[str, object]]] = {
    "certified": {
        "pairs": {"identical_controls": 400, "positive_controls": 200},
        "hits": {"repeats_per_hit": 1, "vote_rule": "lead", "votes_per_pair": 7},
        "decision": {"design": "c-prime"},
    },
    "paper": {
        "pairs": {"identical_controls": 0, "positive_controls": 0},
        "hits": {"policy": "fixed", "votes_per_pair": 3, "first_clip": "original-first", "repeats_per_hit": 0},
        "decision": {"design": "fixed"},
    },
}


class StudyExists(FileExistsError):
    """The folder holds a study already."""


def parse_place(text: str, option: str) -> tuple[str, Path]:
    """`NAME=PATH` as a name and an absolute path.

    Raises:
        BadParameter: there is no `=`, no such folder or home.
    """
    name, equals, place = text.partition("=")
    if not (name and equals and place):
        raise click.BadParameter(f"found {text!r}; expected NAME=PATH, such as emodb=/data/emodb", param_hint=option)
    try:
        path = Path(place).expanduser().resolve()
    except RuntimeError as error:  # nobody of that name, or links in a circle
        raise click.BadParameter(f"found {place!r}, which is no path ({error})", param_hint=option) from error
    if not path.is_dir():
        raise click.BadParameter(f"found no folder {path}; expected the root folder of {name}", param_hint=option)
    return name, path


@click.command(
    short_help="Make a study's folder.",
    epilog="Corpora: "
    + ", ".join(variant_names(pipelines.corpora))
    + ". Sound banks: "
    + ", ".join(variant_names(pipelines.sounds))
    + ".",
)
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.option("--corpus", "corpus_text", metavar="NAME=PATH", required=True, help="The speech: its reader and folder.")
@click.option(
    "--sounds",
    "sounds_texts",
    metavar="NAME=PATH",
    required=True,
    multiple=True,
    help="The noise: its reader and folder; several banks by several such options.",
)
@click.option(
    "--design",
    type=click.Choice(sorted(DESIGNS)),
    default="certified",
    show_default=True,
    help="'paper': the paper to the letter; 'certified': with controls, and votes only where they decide.",
)
@click.option("--clips", type=click.IntRange(1), help="How many clips to choose.  [default: 900, as in the paper]")
@click.option("--seed", type=click.IntRange(0, 2**32 - 1), default=0, show_default=True, help="Of everything random.")
@click.option("--name", help="Short name of the study.  [default: the folder's name]")
def init(
    folder: Path,
    corpus_text: str,
    sounds_texts: tuple[str, ...],
    design: str,
    clips: int | None,
    seed: int,
    name: str | None,
) -> None:
    """Make a study in FOLDER: study.toml with every setting, its default, its unit and the paper's section.

    Nothing is read or spent yet. Open study.toml, change what you like, then run `earwitness pairs make`.
    """
    corpus = parse_place(corpus_text, "--corpus")
    sounds = [parse_place(text, "--sounds") for text in sounds_texts]
    overrides = {section: dict(settings) for section, settings in DESIGNS[design].items()}
    if clips:
        overrides["sampling"] = {"clips": clips}
    make_study(folder, corpus, sounds, seed=seed, name=name, overrides=overrides)
    tell(f"{folder / 'study.toml'} is written. Next: earwitness pairs make --study {folder}")


def make_study(
    folder: Path,
    corpus: tuple[str, Path],
    sounds: Sequence[tuple[str, Path]],
    *,
    seed: int,
    name: str | None,
    overrides: dict[str, dict[str, object]],
) -> None:
    """Write study.toml into a folder, with a reader looked at for each place.

    Raises:
        StudyExists: the folder holds a study.
        UnknownVariant, CorpusNotFound: a reader or what it should find is not there.
        StudyWrong: an override does not fit.
    """
    from pydantic import ValidationError

    from app.study import FILE_NAME, Study, StudyWrong, write_study
    from pipelines.corpora.base import Corpus
    from pipelines.sounds.base import SoundBank
    from pipelines.variants import load
    from pipelines.whole_file import write_whole

    path = folder / FILE_NAME
    if path.exists():
        raise StudyExists(f"{path} exists; change it there, or make the new study in another folder")
    load(pipelines.corpora, corpus[0], Corpus)(corpus[1])
    for reader, place in sounds:
        load(pipelines.sounds, reader, SoundBank)(place)
    default_name = "".join(letter if letter.isalnum() or letter in "_.-" else "-" for letter in folder.resolve().name)
    design: dict[str, object] = {
        "study": {
            "name": name or default_name[:40].lstrip("_.-") or "study",
            "seed": seed,
            **overrides.pop("study", {}),
        },
        "corpus": {"name": corpus[0], "path": corpus[1]},
        "sounds": [{"name": reader, "path": place} for reader, place in sounds],
        **overrides,
    }
    try:
        study = Study.model_validate(design)
    except ValidationError as error:
        raise StudyWrong(
            path, [f"{'.'.join(map(str, e['loc']))}: found {e['input']!r}; {e['msg']}" for e in error.errors()]
        ) from error
    folder.mkdir(parents=True, exist_ok=True)
    try:
        write_whole(path, write_study(study))
    except UnicodeEncodeError as error:
        found = f"found the path {error.object[error.start - 40 : error.end]!r}, which is no UTF-8"
        raise StudyWrong(path, [f"{found}, as study.toml has to be; rename that folder"]) from error
