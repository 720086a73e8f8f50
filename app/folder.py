"""A study is a folder: where each of its files lies."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from app.sealing import Sealing, new_seal_key


@dataclass(frozen=True)
class Keys:
    """What a study keeps secret: it signs links, hashes and seals workers' ids, and opens the marketplace."""

    secret_key: str
    seal_key: str | None = None
    marketplace_access_key_id: str | None = None
    marketplace_secret_access_key: str | None = None
    invite: str | None = None


class KeysWrong(ValueError):
    """The file of a study's keys can't be read."""


@dataclass(frozen=True)
class StudyFolder:
    """The folder of one study."""

    path: Path

    @property
    def pairs(self) -> Path:
        """The sound and the manifest."""
        return self.path / "pairs"

    @property
    def listening_page(self) -> Path:
        """The page on which a few pairs of every condition are heard."""
        return self.path / "pairs-listen.html"

    @property
    def cache(self) -> Path:
        """What nets hear of clips, kept so that it is made once; may be deleted at any time."""
        return self.path / "cache"

    @property
    def database_url(self) -> str:
        """The embedded database."""
        return f"sqlite:///{self.path.resolve() / 'study.db'}"

    @property
    def judgments(self) -> Path:
        """Every judgment, one row each."""
        return self.path / "judgments.csv"

    @property
    def whitelist(self) -> Path:
        """The decisions."""
        return self.path / "whitelist.json"

    @property
    def report(self) -> Path:
        """The study's report and its tables."""
        return self.path / "report"

    @property
    def tables(self) -> Path:
        """The tables that nets were compared in."""
        return self.path / "tables"

    @property
    def runs(self) -> Path:
        """Nets, evaluations and attacks."""
        return self.path / "runs"

    @property
    def keys_file(self) -> Path:
        """What the study keeps secret; readable by its owner alone."""
        return self.path / "keys.json"

    def keys(self) -> Keys:
        """The study's keys, made on first use.

        Raises:
            KeysWrong: the file is not what this program wrote.
        """
        try:
            return Keys(**json.loads(self.keys_file.read_text(encoding="utf-8")))
        except FileNotFoundError:
            keys = Keys(secret_key=secrets.token_urlsafe(32))
            self.keep_keys(keys)
            return keys
        except (TypeError, ValueError) as error:
            raise KeysWrong(
                f"{self.keys_file} can't be read ({error}); put a copy of it back: with other keys, workers' hashes "
                "and links change"
            ) from error

    def sealing(self, seal_keys: Sequence[str] = ()) -> Sealing:
        """What hashes and seals workers' ids.

        Args:
            seal_keys: those of the environment, the newest first; where there are none, one is made once and kept
                with the study's other keys. One that is kept there opens what it sealed in any case.

        Raises:
            KeysWrong: the file of keys is not what this program wrote.
            SealKeyWrong: one of the keys is none.
        """
        keys = self.keys()
        if keys.seal_key is None and not seal_keys:
            keys = replace(keys, seal_key=new_seal_key())
            self.keep_keys(keys)
        return Sealing(keys.secret_key, [*seal_keys, *([keys.seal_key] if keys.seal_key else [])])

    def keep_keys(self, keys: Keys) -> None:
        """Write the keys, whole or not at all, for the owner's eyes alone."""
        draft = self.keys_file.with_suffix(".new")
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            json.dump(keys.__dict__, file, indent=1)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self.keys_file)
