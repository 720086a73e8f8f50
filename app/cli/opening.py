"""Open a study for a command: its design, its database at the right revision, its speech and sounds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from app.cli.say import tell

if TYPE_CHECKING:
    from app.wiring import Wired
    from hits.platforms.base import Platform
    from models.labelling import LabelName
    from pipelines.clip import Clip

TOLD = 20  # problems of a corpus, one a line; more would push the rest off the screen


class ServerUnknown(RuntimeError):
    """Nobody said where the server is, and platforms need to know."""

    def __init__(self) -> None:
        super().__init__(
            "this study's server was never started, so workers could not be sent anywhere; run `earwitness serve` "
            "first (or set PUBLIC_URL to where it is reached)"
        )


class InputMissing(FileNotFoundError):
    """A file that an earlier step writes is not there."""

    def __init__(self, path: Path, command: str) -> None:
        super().__init__(f"there is no {path}; `earwitness {command}` writes it")


def require_file(path: Path, command: str) -> Path:
    """The path of a file that an earlier step wrote.

    Raises:
        InputMissing: it is not there; says which command writes it.
    """
    if not path.is_file():
        raise InputMissing(path, command)
    return path


class NoClips(ValueError):
    """A corpus has not a single usable clip."""


@contextmanager
def opened(path: Path) -> Iterator[Wired]:
    """A study with its database at the newest revision; an embedded database is made on first use.

    Raises:
        NoStudy, StudyWrong, SettingsWrong, DatabaseUnusable: with what to do.
    """
    from app.settings import read_settings
    from app.store.revisions import require_newest, upgrade
    from app.wiring import wire

    wired = wire(path, read_settings())
    try:
        if wired.database.revision() is None and wired.database.engine.dialect.name == "sqlite":
            upgrade(wired.database)
        require_newest(wired.database)
        look_at_ids(wired)
        yield wired
    finally:
        wired.database.dispose()


def look_at_ids(wired: Wired) -> None:
    """Seal workers' ids from before they were sealed; say where the key is missing that opens them."""
    from app.store.identities import plain_ids, seal_ids, shut_ids

    with wired.database.reading() as session:
        plain, shut = plain_ids(session), shut_ids(session)
    if plain:
        tell(f"{seal_ids(wired.database).now} workers' ids were kept as they came; they are sealed now")
    if shut:
        tell(
            f"no key opens the ids of {shut} workers: set EARWITNESS_SEAL_KEY to the key that sealed them, or put "
            "keys.json back. Nothing is lost: their pages and rewards go on, their bonuses wait for the key"
        )


def server_url(wired: Wired) -> str:
    """Where this study's server is reached.

    Raises:
        ServerUnknown: it was never started and PUBLIC_URL is not set.
    """
    from app.store.events import fact

    if wired.settings.public_url:
        return wired.settings.public_url.rstrip("/")
    with wired.database.reading() as session:
        server = fact(session, "server")
    if server is None:
        raise ServerUnknown
    return str(server["url"])


def connected(wired: Wired) -> Platform:
    """The study's platform, ready to be called."""
    from app.wiring import connect_platform

    return connect_platform(wired, server_url(wired))


def usable_clips(wired: Wired, *, aloud: bool = True) -> list[Clip]:
    """Every clip of the corpus that can be used; what can't be is named on stderr, at most twenty files.

    Raises:
        NoClips: there is none.
    """
    from pipelines.clip import Clip

    clips: list[Clip] = []
    problems = []
    for found in wired.corpus.read():
        if isinstance(found, Clip):
            clips.append(found)
        else:
            problems.append(found)
    if aloud:
        for problem in problems[:TOLD]:
            tell(f"corpus: {problem.sentence}")
        if len(problems) > TOLD:
            place = f"{wired.study.corpus.name}={wired.study.corpus.path}"
            tell(f"corpus: {len(problems) - TOLD} problems more; `earwitness corpus check {place}` names them all")
    if not clips:
        raise NoClips(
            f"the corpus {wired.study.corpus.name} in {wired.study.corpus.path} has no usable clip "
            f"({len(problems)} files can't be used)"
        )
    return clips


def labelled_clips(wired: Wired, labels: Sequence[LabelName], *, aloud: bool = False) -> list[Clip]:
    """The usable clips that can be learnt from: those with everything that is to be recognised.

    Raises:
        NoClips: there is none.
    """
    wanted = ["category" if label == "emotion" else label for label in labels]
    clips = [c for c in usable_clips(wired, aloud=aloud) if all(getattr(c, name) is not None for name in wanted)]
    if not clips:
        raise NoClips(
            f"no clip of {wired.study.corpus.path} is rated for {' and '.join(labels)}; nothing to learn from"
        )
    return clips


def chosen_clips(wired: Wired, clips: list[Clip]) -> list[Clip]:
    """The clips that the study takes, by its seed; what the corpus is short of is said on stderr, bin by bin."""
    import numpy as np

    from pipelines.sampling import choose_clips, shortages

    design, rng = wired.study, np.random.default_rng(wired.study.study.seed)
    chosen = choose_clips(clips, design.sampling, rng, design.bins)
    short = list(shortages(clips, chosen, design.sampling, design.bins))
    if short:
        tell("the corpus is short of clips:\n" + "\n".join(f"  {sentence}" for sentence in short))
    return chosen
