"""One annotator of a crowd, as locust plays them: arrive, listen, think, answer, hand in, take the next HIT.

Run by annotators.py as a process of its own: python crowd_way.py JSON, with what `Crowd` names.
"""

from __future__ import annotations

from gevent import monkey

monkey.patch_all()

import contextlib
import json
import re
import socket
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from random import Random
from typing import Any
from urllib.parse import urlsplit

import gevent
import numpy as np
from locust import FastHttpUser, task
from locust.env import Environment

HIDDEN = re.compile(r'<input type="hidden" name="(\w+)" value="([^"]*)">')
ANSWER_AT = re.compile(r'<form method="post" action="([^"]*/answer)"')
COMMENT_AT = re.compile(r'action="([^"]*/comment)"')
CLIPS = re.compile(r'data-src="([^"]*)" data-length-s="([^"]*)"')
FILES = re.compile(r'(?:href|src)="(/static/[^"]*)"')
TWICE = 0.03  # share of answers that are sent a second time, as by a double click or a line that broke
IDLE_S = 5.0
LEAVING, LAST_ANSWERS_S = "leaving", 10.0  # what is on its way arrives, and nothing more is sent
DIFFERENT = 0.15  # share of answers that say so


@dataclass(frozen=True)
class Crowd:
    """Who comes where, how many at once, and how long they take."""

    url: str
    hit_ids: list[str]
    steps: list[int]
    arrivals_per_s: float
    hold_s: float
    pause_s: tuple[float, float]
    idle: int  # lines that are open and silent


@dataclass
class Noted:
    """What the crowd met: times in ms by phase and kind, and every answer that the server said it kept."""

    times: dict[tuple[str, str], list[float]]
    errors: Counter[str]
    kept: Counter[str]
    phase: str = ""
    seen: list[str] | None = None

    def note(self, name: str, response_time: float, exception: Exception | None, **_: Any) -> None:
        """Keep one request."""
        self.times[self.phase, name].append(response_time)
        if exception is not None:
            self.error(f"{name}: {exception}")

    def error(self, sentence: str) -> None:
        """Keep an error."""
        self.errors[self.phase] += 1
        if self.seen is not None and len(self.seen) < 20:
            self.seen.append(sentence)


class Annotator(FastHttpUser):
    """Somebody at work; `of` makes them come to one study."""

    abstract = True
    network_timeout = connection_timeout = 60.0
    crowd: Crowd
    noted: Noted
    numbers: Iterator[int]
    hit_ids: Iterator[str]

    def on_start(self) -> None:
        """Somebody new, with an empty cache."""
        self.number = next(self.numbers)
        self.chance = Random(self.number)
        self.cached: set[str] = set()

    @task
    def hit(self) -> None:
        """One HIT, from its welcome to its thanks."""
        hit_id = next(self.hit_ids, None)
        if hit_id is None:
            gevent.sleep(3600)
            return
        at = (
            f"/annotate/?assignmentId=3A{self.number}N{hit_id}&hitId={hit_id}&workerId=AWORKER{self.number}"
            "&turkSubmitTo=https://workersandbox.mturk.com"
        )
        self.see(at, "arrive")
        gevent.sleep(self.chance.uniform(2, 5))
        here = self.send(at, {}, "begin")
        page = self.see(here, "arrive") if here else None
        while page is not None and "data-trial" in page:
            page = self.trial(here, page)
        if page is not None and (closing := COMMENT_AT.search(page)):
            self.send(closing[1], {"comment": "Fine."}, "page")

    def trial(self, here: str, page: str) -> str | None:
        """Hear a pair, think, answer; the next page."""
        clips = CLIPS.findall(page)
        for source, _ in clips:
            self.client.get(source, name="clip")
        gevent.sleep(self.chance.uniform(*self.crowd.pause_s))
        if self.noted.phase == LEAVING:
            gevent.sleep(3600)
        fields = dict(HIDDEN.findall(page)) | {"first_s": clips[0][1], "second_s": clips[1][1]} | self.said()
        for _ in range(1 + (self.chance.random() < TWICE)):
            if not self.send(ANSWER_AT.search(page)[1], fields, "page"):
                return None
            self.noted.kept[fields["trial_id"]] += 1
        return self.see(here, "page")

    def said(self) -> dict[str, str]:
        """An answer as the form sends it."""
        said = {one: "different" if self.chance.random() < DIFFERENT else "same" for one in ("activation", "valence")}
        rating = "4" if "different" in said.values() else ""
        return said | {"activation_rating": rating, "valence_rating": rating}

    def send(self, at: str, fields: dict[str, str], name: str) -> str | None:
        """Post a form; where it leads to, or None where it was not taken."""
        for last in (False, True):  # a line that the server had closed for its silence is opened anew, as browsers do
            with self.client.post(at, data=fields, name=name, allow_redirects=False, catch_response=True) as reply:
                if reply.status_code == 303:
                    return str(reply.headers["Location"])
                if reply.status_code or last:
                    reply.failure(f"status {reply.status_code}")
                    return None
                reply.success()
        return None

    def see(self, at: str, name: str) -> str | None:
        """A page, with the files that it needs and this browser may not keep; None where it did not come."""
        with self.client.get(at, name=name, catch_response=True) as reply:
            if reply.status_code != 200:
                reply.failure(f"status {reply.status_code}")
                return None
            page = reply.text
        for file in set(FILES.findall(page)) - self.cached:
            if "max-age" in (self.client.get(file, name="file").headers.get("Cache-Control") or ""):
                self.cached.add(file)
        return page

    @classmethod
    def of(cls, crowd: Crowd, noted: Noted) -> type[Annotator]:
        """Annotators of one crowd."""
        own = {"crowd": crowd, "noted": noted, "numbers": count(), "hit_ids": iter(crowd.hit_ids), "host": crowd.url}
        return type("AnnotatorOfACrowd", (cls,), own)


def idle(url: str) -> None:
    """A line that somebody opened and says nothing on, as browsers do to be quick, again and again."""
    at = urlsplit(url)
    while True:
        with contextlib.suppress(OSError), socket.create_connection((at.hostname, at.port)):
            gevent.sleep(IDLE_S)


def measured(noted: Noted, phase: str, people: int, passed_s: float, cpu_s: float) -> dict[str, Any]:
    """One row of the table."""
    row: dict[str, Any] = {"people": people, "phase": phase, "seconds": passed_s, "generator_cpu": cpu_s / passed_s}
    row["requests"] = sum(len(times) for (when, _), times in noted.times.items() if when == phase) / passed_s
    for kind, names in {"page": ("page", "arrive", "begin"), "begin": ("begin",), "clip": ("clip",)}.items():
        times = np.array([t for name in names for t in noted.times.get((phase, name), ())])
        row[kind] = [float(np.percentile(times, q)) for q in (50, 95, 99)] if len(times) else None
    row["errors"] = noted.errors[phase]
    return row


def main() -> None:
    """Let the crowd come step by step, and print what it met as JSON."""
    crowd = Crowd(**json.loads(sys.argv[1]))
    noted = Noted(defaultdict(list), Counter(), Counter(), seen=[])
    environment = Environment(user_classes=[Annotator.of(crowd, noted)])
    environment.events.request.add_listener(noted.note)
    runner = environment.create_local_runner()
    for _ in range(crowd.idle):
        gevent.spawn(idle, crowd.url)
    here = 0
    for people in crowd.steps:
        ramp_s = (people - here) / crowd.arrivals_per_s
        runner.start(people, spawn_rate=crowd.arrivals_per_s)
        for phase, lasts_s in (("arriving", ramp_s), ("at work", crowd.hold_s)):
            noted.phase = f"{people} {phase}"
            began, cpu_s = time.monotonic(), time.process_time()
            gevent.sleep(lasts_s)
            row = measured(noted, noted.phase, people, time.monotonic() - began, time.process_time() - cpu_s)
            print(json.dumps(row), flush=True)
        here = people
    noted.phase = LEAVING
    gevent.sleep(LAST_ANSWERS_S)
    runner.quit()
    print(json.dumps({"kept": noted.kept, "seen": noted.seen}), flush=True)


if __name__ == "__main__":
    main()
