"""What differs from machine to machine: read once from the environment, every error named at once."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import platformdirs
from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator
from pydantic_core import ErrorDetails

from app.sealing import Sealing


class SettingsWrong(ValueError):
    """Environment variables hold what can't be used: all of them, with what was expected."""


class Settings(BaseModel):
    """The environment's say. Every name is the environment variable's, in lower case."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    database_url: str | None = Field(None, description="the study's database; default: study.db in its folder")
    marketplace_database_url: str | None = Field(
        None, description="the marketplace's database; default: one for this user, whatever the study"
    )
    marketplace_secret_key: str | None = Field(
        None, min_length=16, description="signs the marketplace's cookies; default: a file beside its database"
    )
    public_url: str | None = Field(
        None,
        pattern=r"^https?://[^/?#\s]+/?$",
        description="where workers reach this server from outside: scheme and host, a path can't be had",
    )
    mturk_endpoint_url: str | None = Field(
        None, pattern=r"^https?://\S+$", description="another requester endpoint than our marketplace"
    )
    earwitness_seal_key: str | None = Field(
        None, description="seals workers' ids; several with commas, the newest first; default: one beside the study"
    )
    prolific_api_token: SecretStr | None = Field(None, description="who we are on Prolific, as its settings show it")
    prolific_api_url: str = Field(
        "https://api.prolific.com", pattern=r"^https?://\S+$", description="Prolific's API, without its version"
    )
    prolific_app_url: str = Field(
        "https://app.prolific.com", pattern=r"^https?://[^/\s]+$", description="where participants bring their codes"
    )
    prolific_webhook_secret: SecretStr | None = Field(
        None, description="signs what Prolific says by itself to /hooks/prolific; default: it is not listened to"
    )
    prolific_jwks_url: str | None = Field(
        None,
        pattern=r"^https?://\S+$",
        description="Prolific's keys for signed study links; where it is set, nobody is let in without one",
    )
    earwitness_poll_s: float = Field(
        5.0, ge=0.2, le=3600, description="how often `earwitness run` looks at the platform, in seconds"
    )
    earwitness_web_workers: int = Field(2, ge=1, le=64, description="processes that answer pages")
    earwitness_requests_per_minute: int = Field(
        300, ge=30, description="what one worker's link may ask for in a minute, sounds included; others get a 429"
    )
    earwitness_arrivals_per_minute: int = Field(
        1200, ge=10, description="what may be asked for from one address without a worker's link; two an arrival"
    )
    earwitness_limits_url: str = Field(
        "process://",
        pattern=r"^[a-z0-9+]+://\S*$",
        description="where the two are counted, such as redis://host (extra `redis`); default: in each process",
    )
    earwitness_proxies: int = Field(
        0, ge=0, le=9, description="reverse proxies before this server, each of which notes whom it answers"
    )

    media_bucket: str | None = Field(
        None, description="the bucket of S3-compatible storage that holds the clips; default: clips come from the app"
    )
    media_endpoint_url: str | None = Field(
        None, pattern=r"^https?://[^/\s]+/?$", description="where that storage is; default: AWS"
    )
    media_url: str | None = Field(
        None,
        pattern=r"^https?://[^/\s]+/?$",
        description="where browsers reach that storage, if it is not the endpoint's address",
    )
    media_region: str | None = Field(None, description="of the storage; default: AWS_DEFAULT_REGION, else us-east-1")
    media_access_key_id: str | None = Field(
        None, description="a key for the storage; default: as AWS's own tools find one"
    )
    media_secret_access_key: str | None = Field(None, description="the secret of that key")
    media_variants: int = Field(3, ge=2, le=20, description="copies of each clip that are put into storage")

    @field_validator("earwitness_limits_url")
    @classmethod
    def _usable(cls, url: str) -> str:
        from limits.errors import ConfigurationError
        from limits.storage import storage_from_string

        import app.counting  # noqa: F401 -- known to limits from then on

        try:
            storage_from_string(url)  # nothing is asked of it yet
        except ConfigurationError as error:
            raise ValueError(f"a store of the package limits: {error}") from error
        return url

    @field_validator("earwitness_seal_key")
    @classmethod
    def _seals(cls, keys: str) -> str:
        Sealing("", [key.strip() for key in keys.split(",")])
        return keys

    @property
    def seal_keys(self) -> list[str]:
        """The keys that seal workers' ids, the newest first; none where the study keeps its own."""
        return [key.strip() for key in (self.earwitness_seal_key or "").split(",") if key.strip()]

    def marketplace_folder(self, study: Path) -> Path:
        """Where an embedded marketplace keeps its database and its secret.

        Workers and what they earned outlive a study, so a marketplace is shared by all studies of a user unless a
        study (such as the demo's) brings a `marketplace.db` of its own.
        """
        if (study / "marketplace.db").exists():
            return study.resolve()
        folder = Path(platformdirs.user_data_dir("earwitness"))
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def marketplace_url(self, study: Path) -> str:
        """The marketplace's database: the one that is named, else the embedded one."""
        return self.marketplace_database_url or f"sqlite:///{self.marketplace_folder(study) / 'marketplace.db'}"

    def marketplace_key(self, study: Path) -> str:
        """What signs the cookies of the marketplace's workers: the same for all its studies, made on first use."""
        if self.marketplace_secret_key:
            return self.marketplace_secret_key
        path = self.marketplace_folder(study) / "marketplace.key"
        if not path.exists():
            draft = path.with_suffix(".new")
            with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
                file.write(secrets.token_urlsafe(32))
            with suppress(FileExistsError):
                path.hardlink_to(draft)  # the first one stays, also when two programs begin at once
            draft.unlink(missing_ok=True)
        return path.read_text(encoding="utf-8")


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
                f"  {str(details['loc'][0]).upper()}: found {_shown(details)}; expected {details['msg']}"
                for details in error.errors()
            )
        ) from error


def _shown(details: ErrorDetails) -> str:
    return "what is not shown here" if str(details["loc"][0]).endswith("_key") else repr(details["input"])
