"""Files that say which web address is attacked."""

from __future__ import annotations

from pathlib import Path

import pytest

from models.attacking.targets.endpoint_file import EndpointWrong, endpoint_of
from models.experiment import SettingsWrong

CLASSES = ("low", "mid", "high")


def file(folder: Path, text: str) -> Path:
    path = folder / "service.toml"
    path.write_text(text)
    return path


def test_classes_take_the_order_of_the_corpus(tmp_path: Path) -> None:
    path = file(tmp_path, 'url = "http://localhost:9/x"\nsample_rate_hz = 16000\nclasses = ["high", "low", "mid"]\n')
    assert endpoint_of(path, CLASSES).settings.classes == CLASSES


def test_other_classes_are_refused(tmp_path: Path) -> None:
    path = file(tmp_path, 'url = "http://localhost:9/x"\nsample_rate_hz = 16000\nclasses = ["sad", "happy"]\n')
    with pytest.raises(EndpointWrong, match="its classes are sad, happy; expected low, mid, high"):
        endpoint_of(path, CLASSES)


@pytest.mark.parametrize(("text", "said"), [("url = ", "it is not TOML"), ("\x00", "it is not TOML")])
def test_what_is_no_toml_is_refused(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(EndpointWrong, match=said):
        endpoint_of(file(tmp_path, text), CLASSES)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(EndpointWrong, match=r"gone.toml .* it can't be read \(No such file"):
        endpoint_of(tmp_path / "gone.toml", CLASSES)


def test_settings_that_it_does_not_have_are_named(tmp_path: Path) -> None:
    text = 'url = "http://localhost:9/x"\nsample_rate_hz = 16000\nclasses = ["low", "mid", "high"]\nspeed = 3\n'
    with pytest.raises(SettingsWrong, match="speed"):
        endpoint_of(file(tmp_path, text), CLASSES)
