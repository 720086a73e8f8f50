"""What is built from what: the one place that names every real part."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

import hits.platforms
import pipelines.corpora
import pipelines.sounds
from app.archive import Header
from app.folder import Keys, StudyFolder
from app.proxies import as_seen
from app.settings import Settings
from app.store.database import Database
from app.study import Study, read_study
from hits.platforms.base import Platform
from hits.recruiting import Machine, Marketplace
from pipelines.clip import Clip
from pipelines.corpora.base import Corpus
from pipelines.sounds.base import JoinedSounds, SoundBank
from pipelines.variants import load, load_class

MARKETPLACE_PATH = "/marketplace"

#: Our marketplace moves no money by itself: the study's cap is the limit, this only has to lie above it.
CREDIT_MINOR = 100_000_000

WsgiApp = Callable[..., Any]


@dataclass(frozen=True)
class Wired:
    """A study folder with everything that was read from it and from the machine."""

    folder: StudyFolder
    study: Study
    settings: Settings
    database: Database

    @property
    def corpus(self) -> Corpus:
        """The study's speech corpus."""
        return load(pipelines.corpora, self.study.corpus.name, Corpus)(self.study.corpus.path)

    def sounds(self, clips: Sequence[Clip]) -> SoundBank:
        """All that noises draw from: the study's sound banks, and what is said in clips of its corpus."""
        from pipelines.fillers import CorpusSounds

        banks = [load(pipelines.sounds, place.name, SoundBank)(place.path) for place in self.study.sounds]
        return JoinedSounds([*banks, CorpusSounds(clips)])


def wire(path: Path, settings: Settings) -> Wired:
    """Read a study folder.

    Raises:
        NoStudy, StudyWrong: study.toml is missing or wrong.
        DatabaseUnusable: the database's URL can't be used.
    """
    folder = StudyFolder(path)
    study = with_usual_fees(read_study(path), settings)
    database = Database(settings.database_url or folder.database_url, lambda: folder.sealing(settings.seal_keys))
    return Wired(folder, study, settings, database)


def with_usual_fees(study: Study, settings: Settings) -> Study:
    """The study with the rule for fees that holds where it names none."""
    if study.pay.fees is not None:
        return study
    fees = platform_class(study).usual_fees(Machine(settings=dict(settings)))
    return study.model_copy(update={"pay": study.pay.model_copy(update={"fees": fees})})


def platform_class(study: Study) -> type[Platform]:
    """The platform that the study recruits on.

    Raises:
        UnknownVariant: there is no such platform.
    """
    return load_class(hits.platforms, study.hits.platform, Platform).of_study(dict(study))


def machine_of(wired: Wired, server_url: str) -> Machine:
    """What the study's platform may know of this machine."""
    keys = wired.folder.keys()
    ours = Marketplace(
        f"{server_url}{MARKETPLACE_PATH}", keys.marketplace_access_key_id, keys.marketplace_secret_access_key
    )
    return Machine(server_url, dict(wired.settings), ours)


def connect_platform(wired: Wired, server_url: str) -> Platform:
    """The study's platform, ready to be called.

    Raises:
        NotConnected: a setting that it needs is missing.
    """
    return platform_class(wired.study).connect(machine_of(wired, server_url))


def open_marketplace(wired: Wired) -> Keys:
    """Bring the marketplace's database up to date, with this study as a requester and an invite for its workers."""
    from app.marketplace import administration  # here, so that commands that never meet it do not wait for it

    url = wired.settings.marketplace_url(wired.folder.path)
    administration.upgrade(url)
    wired.settings.marketplace_key(wired.folder.path)  # made now, before several processes ask for it
    keys = wired.folder.keys()
    if keys.marketplace_access_key_id is not None and administration.knows(url, keys.marketplace_access_key_id):
        return keys
    access_key_id, secret = administration.add_requester(url, wired.study.study.name, CREDIT_MINOR)
    keys = replace(
        keys,
        marketplace_access_key_id=access_key_id,
        marketplace_secret_access_key=secret,
        invite=administration.add_invite(url, access_key_id),
    )
    wired.folder.keep_keys(keys)
    return keys


def invite_simulated(wired: Wired) -> str:
    """The code of an invite for simulated listeners, whose worker ids say what they are."""
    from app.marketplace import administration

    keys = wired.folder.keys()
    assert keys.marketplace_access_key_id is not None  # open_marketplace comes first
    url = wired.settings.marketplace_url(wired.folder.path)
    return administration.add_invite(url, keys.marketplace_access_key_id, simulated=True)


def add_requester(study: Path, settings: Settings, name: str, balance_minor: int) -> tuple[str, str]:
    """A new requester of this study's marketplace: access key id and secret access key."""
    from app.marketplace import administration

    return administration.add_requester(_ready_marketplace(study, settings), name, balance_minor)


def requesters(study: Path, settings: Settings) -> list[tuple[str, str, int]]:
    """The marketplace's requesters: name, access key id, and what is left in US cents."""
    from app.marketplace import administration

    return administration.list_requesters(_ready_marketplace(study, settings))


def invite_workers(study: Path, settings: Settings, access_key_id: str, uses: int | None) -> str:
    """The path of a new invite for a requester's workers, below the server's address."""
    from app.marketplace import administration

    code = administration.add_invite(_ready_marketplace(study, settings), access_key_id, uses)
    return f"{MARKETPLACE_PATH}/invite/{code}"


def back_up_marketplace(study: Path, settings: Settings, path: Path, on_step: Callable[[int], None]) -> Header:
    """Write this study's marketplace into a file, while it is in use."""
    from app.marketplace import administration

    return administration.back_up(settings.marketplace_url(study), path, on_step)


def bring_back_marketplace(
    study: Path, settings: Settings, path: Path, header: Header, *, force: bool, on_step: Callable[[int], None]
) -> None:
    """Make this study's marketplace what a backup holds."""
    from app.marketplace import administration

    administration.bring_back(settings.marketplace_url(study), path, header, force=force, on_step=on_step)


def _ready_marketplace(study: Path, settings: Settings) -> str:
    """The URL of the marketplace's database, at its newest revision."""
    from app.marketplace import administration

    url = settings.marketplace_url(study)
    administration.upgrade(url)
    return url


def load_pages() -> None:
    """Load what pages are made of: a server does so before its workers fork, so that no first page waits."""
    import app.marketplace.factory
    import app.web  # noqa: F401


def make_wsgi(path: Path, settings: Settings, server_url: str) -> WsgiApp:
    """The study's pages at the root and the marketplace beside them, as one WSGI application.

    Args:
        path: the study's folder.
        settings: of this machine.
        server_url: where people reach this server.
    """
    return wsgi_of(wire(path, settings), server_url)


def wsgi_of(
    wired: Wired,
    server_url: str,
    *,
    sound: Path | None = None,
    draws: Callable[[], np.random.Generator] = np.random.default_rng,
) -> WsgiApp:
    """The same of a study that was read, by the clock of its database.

    Args:
        wired: the study.
        server_url: where people reach this server.
        sound: the folder whose `pairs` have the sound, where that is not the study's own.
        draws: gives what pages draw their lots with.
    """
    from werkzeug.middleware.dispatcher import DispatcherMiddleware

    from app.marketplace.factory import create_marketplace
    from app.web import Web, create_app

    settings, path = wired.settings, wired.folder.path
    keys, platform = wired.folder.keys(), platform_class(wired.study)
    machine = machine_of(wired, server_url)
    web = Web(
        database=wired.database,
        study=wired.study,
        folder=sound or path,
        settings=settings,
        platform=platform,
        submit_hosts=platform.ways_back(machine),
        secret_key=keys.secret_key,
        public_url=server_url,
        hook_secret=platform.hook_secret(machine),
        signed_links=platform.signs_links(machine),
        draws=draws,
    )
    marketplace = create_marketplace(
        settings.marketplace_url(path), settings.marketplace_key(path), server_url, clock=wired.database.now
    )
    return as_seen(DispatcherMiddleware(create_app(web), {MARKETPLACE_PATH: marketplace}), server_url)
