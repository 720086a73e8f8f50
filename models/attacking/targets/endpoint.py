"""A recogniser behind a web address: a WAV file is posted there, and the answer is JSON with a label."""

from __future__ import annotations

import io
import json
import math
import os
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal
from urllib.parse import urlsplit

import requests
import soundfile
from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from models.attacking.asking import AnswerWrong, AskAgain
from models.attacking.targets.pace import Pace, asked_to_wait_s
from pipelines.audio import Samples
from pipelines.sound_file import to_pcm16

CONNECT_TIMEOUT_S = 5.0
ANSWER_BYTES_MAX = 2**16  # a label needs no more
WORDS_MAX = 120  # of an answer, in a sentence
#: Statuses below 500 after which the same question may be put again.
AGAIN = (408, 425, 429)
SHORTEST_SECRET = 4  # characters
FIRST_FAILURES = 3  # in a row, before anybody was met there
DOUBLED_MAX = 20  # times that a rest is doubled


class KeyUnusable(ValueError):
    """The key that goes with each question can't be had, or can't be sent."""

    def __init__(self, variable: str, found: str) -> None:
        super().__init__(
            f"the environment variable {variable} {found}; expected the value of a header, as 'Bearer ...', in one "
            "line of printable ASCII"
        )


class EndpointSilent(RuntimeError):
    """A web address was asked again and again, and gave no answer."""

    def __init__(self, address: str, failures: int, last: str) -> None:
        super().__init__(
            f"{address} gave no answer {failures} times in a row, the last time because {last}; see whether it runs"
        )


class EndpointSettings(BaseModel):
    """How a web address is asked, and what its answers mean."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    url: str = Field(description="where WAV files are posted; http or https")
    sample_rate_hz: int = Field(ge=1000, le=192_000, description="of the files", json_schema_extra={"unit": "Hz"})
    classes: tuple[str, ...] = Field(min_length=2, description="the labels by the names that the answers have for them")
    label_field: str = Field(default="label", description="where the label stands in the answer, as result.0.label")
    probabilities_field: str = Field(
        default="probabilities", description="where the classes' probabilities stand, if there is no label"
    )
    encoding: Literal["pcm16", "float32"] = Field(default="pcm16", description="of the samples in the WAV file")
    queries_per_s: float = Field(default=5.0, gt=0, description="most questions in a second")
    burst: int = Field(default=1, ge=1, description="questions that may follow each other at once")
    timeout_s: float = Field(
        default=30.0, gt=0, description="how long an answer may take", json_schema_extra={"unit": "s"}
    )
    wait_s: float = Field(
        default=1.0,
        ge=0,
        description="rest after a failure, doubled with each that follows, where the server asks for no other",
        json_schema_extra={"unit": "s"},
    )
    wait_max_s: float = Field(default=30.0, ge=0, description="longest rest", json_schema_extra={"unit": "s"})
    failures_max: int = Field(default=20, ge=1, description="failures in a row after which nobody is asked any more")
    key_variable: str | None = Field(default=None, description="environment variable with a key for the server")
    key_header: str = Field(default="Authorization", pattern=r"^[A-Za-z0-9-]+$", description="header that carries it")

    @field_validator("url")
    @classmethod
    def _address(cls, url: str) -> str:
        try:
            parts = urlsplit(url)
            usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
        except ValueError:
            usable = False
        if not usable or not url.isprintable() or " " in url:
            raise ValueError("found no address; expected one as https://host/path")
        if parts.username is not None or parts.password is not None:
            raise ValueError("found a user or a password in the address; keep them in an environment variable")
        return url

    @model_validator(mode="after")
    def _each_once(self) -> EndpointSettings:
        if len(set(self.classes)) < len(self.classes):
            raise ValueError(f"classes: found {list(self.classes)}; expected each once")
        return self

    @property
    def address(self) -> str:
        """What people are told of the URL: without its query, which may hold a secret."""
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc}{parts.path}"


class Endpoint:
    """A web address as a target, asked for one sound at a time; each try is a query.

    With `pcm16`, what is sent is what `write_flac` and `write_wav` write of the same samples, bit for bit; with
    `float32` it is the samples themselves.

    Args:
        settings: how it is asked.
        environment: where its key is looked for.
        now: a clock in seconds.
        sleep: waits for so many seconds.

    Raises:
        KeyUnusable: there is no key, or none that could be sent.
    """

    batch = 1

    def __init__(
        self,
        settings: EndpointSettings,
        *,
        environment: Mapping[str, str] = os.environ,
        now: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.settings = settings
        self._key = _key_in(environment, settings.key_variable)
        self._pace = Pace(settings.queries_per_s, settings.burst, now, sleep)
        self._session = requests.Session()
        # As a function, so that no entry in somebody's .netrc goes along or takes its place.
        self._session.auth = self._signed
        self._failures = 0
        self._reached = False

    @property
    def sample_rate_hz(self) -> int:
        """Of the files that are sent."""
        return self.settings.sample_rate_hz

    def labels(self, sounds: Sequence[Samples], clip_ids: Sequence[str]) -> list[int]:  # noqa: ARG002 - all are strangers
        """The place of the answered label among the classes.

        Raises:
            AskAgain: it is busy, broken or gone; the rest that this asks for is over.
            EndpointSilent: that has gone on for long.
            AnswerWrong: its answer is none, or a refusal.
        """
        return [self._label(samples) for samples in sounds]

    def _label(self, samples: Samples) -> int:
        self._pace.wait()
        try:
            status, retry_after, body = self._posted(self._wav(samples))
        except requests.RequestException as error:
            failed, retry_after = f"the connection failed ({type(error).__name__})", None
        else:
            self._reached = True
            failed = f"it answered {status}" if status in AGAIN or status >= 500 else ""
        if failed:  # beyond the `except`, since what requests says may hold the query of the URL
            self._rest_after(failed, retry_after)
            raise AskAgain(f"{self.settings.address} gave no label: {failed}")
        if status != requests.codes.ok:
            raise self._wrong(f"{status} {self._words(body)}", "200 and JSON; no redirection is followed")
        self._failures = 0
        return self._label_in(body)

    def _wav(self, samples: Samples) -> bytes:
        file, rate_hz = io.BytesIO(), self.sample_rate_hz
        if self.settings.encoding == "pcm16":
            soundfile.write(file, to_pcm16(samples), rate_hz, format="WAV", subtype="PCM_16")
        else:
            soundfile.write(file, samples, rate_hz, format="WAV", subtype="FLOAT")
        return file.getvalue()

    def _posted(self, wav: bytes) -> tuple[int, str | None, bytes]:
        """Status, Retry-After and body of the answer.

        Raises:
            RequestException: there is none, or not in time.
            AnswerWrong: it is too long.
        """
        end_s, body = self._pace.now() + self.settings.timeout_s, bytearray()
        headers = {"Content-Type": "audio/wav", "Accept": "application/json"}
        times = (min(CONNECT_TIMEOUT_S, self.settings.timeout_s), self.settings.timeout_s)
        with self._session.post(
            self.settings.url, data=wav, headers=headers, timeout=times, stream=True, allow_redirects=False
        ) as answer:
            # Byte by byte, since a library that waits for more would wait as long as a slow server likes.
            for part in answer.iter_content(1):
                body += part
                if len(body) > ANSWER_BYTES_MAX:
                    raise self._wrong(f"with more than {ANSWER_BYTES_MAX} bytes", "a short JSON object")
                if self._pace.now() > end_s:
                    raise requests.Timeout
            return answer.status_code, answer.headers.get("Retry-After"), bytes(body)

    def _rest_after(self, failed: str, retry_after: str | None) -> None:
        self._failures += 1
        settings = self.settings
        # Where nobody was ever met, the address is wrong rather than busy: nobody waits for minutes to be told so.
        patience = settings.failures_max if self._reached else min(settings.failures_max, FIRST_FAILURES)
        if self._failures >= patience:
            raise EndpointSilent(settings.address, self._failures, failed)
        asked_s = asked_to_wait_s(retry_after)
        doubled_s = settings.wait_s * 2.0 ** min(self._failures - 1, DOUBLED_MAX)
        self._pace.sleep(min(settings.wait_max_s, doubled_s if asked_s is None else asked_s))

    def _signed(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if self._key is not None:
            request.headers[self.settings.key_header] = self._key
        return request

    def _label_in(self, body: bytes) -> int:
        """The label in an answer, or the likeliest one."""
        try:
            told = json.loads(body)
        except (ValueError, RecursionError):
            raise self._wrong(self._words(body), 'JSON as {"label": "..."}') from None
        named = _at(told, self.settings.label_field)
        if named is not None:
            return self._place(named)
        shares = _at(told, self.settings.probabilities_field)
        if shares is None:
            fields = f"{self.settings.label_field!r} or {self.settings.probabilities_field!r}"
            raise self._wrong(self._words(body), f"JSON with {fields}")
        return self._likeliest(shares)

    def _place(self, named: object) -> int:
        classes = self.settings.classes
        if isinstance(named, str) and named in classes:
            return classes.index(named)
        if isinstance(named, int) and not isinstance(named, bool) and 0 <= named < len(classes):
            return named
        raise self._wrong(f"the label {self._words(repr(named).encode())}", f"one of {', '.join(classes)}")

    def _likeliest(self, shares: object) -> int:
        by_name = shares
        if isinstance(shares, list) and len(shares) == len(self.settings.classes):
            by_name = dict(enumerate(shares))
        if not isinstance(by_name, dict) or not by_name or not all(map(_is_number, by_name.values())):
            found = self._words(json.dumps(shares).encode())
            raise self._wrong(f"the probabilities {found}", "a finite number for each class")
        place_of = {name: self._place(name) for name in by_name}
        return place_of[max(by_name, key=lambda name: (by_name[name], -place_of[name]))]

    def _wrong(self, found: str, expected: str) -> AnswerWrong:
        return AnswerWrong(found, expected, self.settings.address)

    def _words(self, body: bytes) -> str:
        """The beginning of an answer, as far as it can be shown to anybody."""
        text = body.decode("utf-8", "replace")
        for secret in (self._key or "").split():
            if len(secret) >= SHORTEST_SECRET:
                text = text.replace(secret, "***")
        shown = "".join(one if one.isprintable() else " " for one in text[:WORDS_MAX])
        return f"{shown!r}{' and so on' if len(text) > WORDS_MAX else ''}"


def _key_in(environment: Mapping[str, str], variable: str | None) -> str | None:
    if variable is None:
        return None
    key = environment.get(variable, "")
    if not key:
        raise KeyUnusable(variable, "is not set, or empty")
    if not (key.isascii() and key.isprintable() and key == key.strip()):
        raise KeyUnusable(variable, "holds what no header can carry")
    return key


def _at(told: Any, field: str) -> Any:
    """What stands in a field of JSON, names and places in lists divided by dots; None where nothing does."""
    for part in field.split("."):
        if isinstance(told, dict):
            told = told.get(part)
        elif isinstance(told, list) and part.isdecimal() and int(part) < len(told):
            told = told[int(part)]
        else:
            return None
    return told


def _is_number(share: object) -> bool:
    try:
        return isinstance(share, (int, float)) and not isinstance(share, bool) and math.isfinite(share)
    except OverflowError:  # a whole number beyond all floats
        return False
