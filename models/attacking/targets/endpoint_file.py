"""A web address as a TOML file says how it is asked."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from pathlib import Path

from models.attacking.targets.endpoint import Endpoint, EndpointSettings
from models.experiment import checked_settings


class EndpointWrong(ValueError):
    """A file says nothing usable of a web address."""

    def __init__(self, path: Path, found: str) -> None:
        super().__init__(f"{path} can't be used as an endpoint: {found}; docs/attacks.md lists its settings")


def endpoint_of(path: Path, classes: Sequence[str]) -> Endpoint:
    """The web address that a file describes.

    Args:
        path: TOML with the fields of `EndpointSettings`.
        classes: what the corpus' labels are, in their order.

    Raises:
        EndpointWrong: the file can't be read, is no TOML, or names other classes.
        SettingsWrong: a setting that it does not have, or out of its range.
        KeyUnusable: there is no key, or none that could be sent.
    """
    try:
        told = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise EndpointWrong(path, f"it can't be read ({error.strerror})") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise EndpointWrong(path, f"it is not TOML ({error})") from None
    settings = checked_settings(EndpointSettings, told, f"the endpoint in {path}")
    assert isinstance(settings, EndpointSettings)
    if sorted(settings.classes) != sorted(classes):
        raise EndpointWrong(path, f"its classes are {', '.join(settings.classes)}; expected {', '.join(classes)}")
    # An answer is the place of a class, and the corpus' labels have their own order.
    return Endpoint(settings.model_copy(update={"classes": tuple(classes)}))
