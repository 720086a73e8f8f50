"""What differs from machine to machine: read once from the environment, every error named at once."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import platformdirs
from pydantic import BaseModel, ConfigDict, Field, ValidationError


class SettingsWrong(ValueError):
    """Environment variables hold what can't be used: all of them, with what was expected."""


class Settings(BaseModel):
    """The environment's say. Every name is the environment variable's, in lower case."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    database_url: str | None = Field(None, description="the study's database; default: study.db in its folder")
    marketplace_database_url: str | None = Field(
        None, description="the marketplace's database; default: one for this user, whatever the study"
    )
    public_url: str | None = Field(
        None, pattern=r"^https?://[^/\s]+(/.*)?$", description="where workers reach this server from outside"
    )
    mturk_endpoint_url: str | None = Field(
        None, pattern=r"^https?://\S+$", description="another requester endpoint than our marketplace"
    )
    earwitness_poll_s: float = Field(
        5.0, ge=0.2, le=3600, description="how often `earwitness run` looks at the platform, in seconds"
    )
    earwitness_web_workers: int = Field(2, ge=1, le=64, description="processes that answer pages")

    def marketplace_url(self, study: Path) -> str:
        """The marketplace's database: the one that is named, else one in the study's folder, else this user's own.

        Workers and what they earned outlive a study, so a marketplace is shared by all studies of a user unless a
        study (such as the demo's) brings a `marketplace.db` of its own.
        """
        if self.marketplace_database_url:
            return self.marketplace_database_url
        own = study / "marketplace.db"
        if own.exists():
            return f"sqlite:///{own.resolve()}"
        folder = Path(platformdirs.user_data_dir("earwitness"))
        folder.mkdir(parents=True, exist_ok=True)
        return f"sqlite:///{folder / 'marketplace.db'}"


def read_settings(environment: Mapping[str, str] = os.environ) -> Settings:
    """The settings of this machine.

    Raises:
        SettingsWrong: a variable holds what can't be used.
    """
    found = {name: environment[name.upper()] for name in Settings.model_fields if environment.get(name.upper())}
    try:
        return Settings.model_validate(found)
    except ValidationError as error:
        raise SettingsWrong(
            "the environment has wrong settings:\n"
            + "\n".join(
                f"  {str(details['loc'][0]).upper()}: found {details['input']!r}; expected {details['msg']}"
                for details in error.errors()
            )
        ) from error
