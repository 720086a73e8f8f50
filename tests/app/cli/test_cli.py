"""The one command: help that an outsider understands, tables on stdout, news on stderr, errors in a sentence."""

from __future__ import annotations

import shutil
import socket
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import click
import numpy as np
import pytest
import soundfile
from sqlalchemy.exc import OperationalError

from app.cli.main import COMMANDS
from app.cli.main import earwitness as group
from app.store.lock import HandsBusy

ROOT = Path(__file__).parents[3]


def every_command() -> Iterator[tuple[str, ...]]:
    context = click.Context(group)
    for name in COMMANDS:
        command = group.get_command(context, name)
        yield (name,)
        if isinstance(command, click.Group):
            yield from ((name, inner) for inner in command.list_commands(context))


@pytest.mark.parametrize("words", list(every_command()), ids=" ".join)
class TestEveryCommand:
    def test_has_help_that_says_what_it_does(self, words: tuple[str, ...], earwitness) -> None:
        ended = earwitness(*words, "--help")
        assert ended.code == 0
        body = ended.out.split("Options:")[0].split("\n\n", 1)[1]
        assert len(body.split()) >= 4

    def test_every_option_is_explained(self, words: tuple[str, ...], earwitness) -> None:
        command: click.Command = group
        for word in words:
            assert isinstance(command, click.Group)
            found = command.get_command(click.Context(command), word)
            assert found is not None
            command = found
        for parameter in command.params:
            if isinstance(parameter, click.Option):
                assert parameter.help, f"{' '.join(words)} {parameter.opts[0]}"

    def test_is_documented(self, words: tuple[str, ...], earwitness) -> None:
        assert f"`earwitness {' '.join(words)}" in (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")


def test_every_documented_command_exists() -> None:
    known = {" ".join(words) for words in every_command()}
    documents = [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]
    for document in documents:
        for line in document.read_text(encoding="utf-8").replace("`", "\n").splitlines():
            words = line.strip().removeprefix("$ ").split()
            if len(words) > 1 and words[0] == "earwitness" and words[1] in COMMANDS:
                inner = " ".join(words[1:3])
                assert inner in known or words[1] in known, f"{document.name}: {line}"


@pytest.mark.parametrize(
    "words",
    [("pairs", "make"), ("hits", "publish"), ("certify",), ("report",), ("train",), ("serve", "--port", "1023")],
    ids=" ".join,
)
def test_a_folder_without_a_study_is_named_in_a_sentence(words: tuple[str, ...], tmp_path: Path, earwitness) -> None:
    ended = earwitness(*words, "--study", tmp_path)
    assert ended.code == 1
    assert "earwitness init" in ended.err
    assert ended.out == ""


def test_an_unknown_command_and_an_unknown_option_are_usage_errors(earwitness) -> None:
    assert earwitness("dance").code == 2
    assert earwitness("pairs", "make", "--quickly").code == 2


@pytest.mark.parametrize(
    ("corpus", "says"),
    [
        ("emodb", "expected NAME=PATH"),
        ("emodb=/no/such/folder", "found no folder /no/such/folder"),
        ("nosuch={tmp}", "no 'nosuch' among the corpora"),
        ("emodb={tmp}", "no EmoDB corpus"),
    ],
)
def test_a_corpus_that_is_not_there_is_refused(
    corpus: str, says: str, tmp_path: Path, demo_folders, earwitness
) -> None:
    ended = earwitness(
        "init", tmp_path / "s", "--corpus", corpus.format(tmp=tmp_path), "--sounds", f"demo={demo_folders[1]}"
    )
    assert ended.code in (1, 2)
    assert says.lower() in ended.err.lower()
    assert not (tmp_path / "s" / "study.toml").exists()


def test_a_second_init_does_not_overwrite(study: Path, demo_folders, earwitness) -> None:
    before = (study / "study.toml").read_bytes()
    ended = earwitness("init", study, "--corpus", f"demo={demo_folders[0]}", "--sounds", f"demo={demo_folders[1]}")
    assert ended.code == 1
    assert "exists" in ended.err
    assert (study / "study.toml").read_bytes() == before


def test_all_errors_of_a_study_are_listed_at_once(study: Path, earwitness) -> None:
    toml = study / "study.toml"
    toml.write_text(toml.read_text().replace("seed = 0", "seed = -1").replace("clips = 2", "clips = 0"))
    ended = earwitness("pairs", "make", "--study", study)
    assert ended.code == 1
    assert "has 2 errors" in ended.err
    assert "study.seed: found -1" in ended.err
    assert "sampling.clips: found 0" in ended.err


def test_pairs_are_made_listed_and_made_again_for_nothing(study: Path, earwitness) -> None:
    assert earwitness("pairs", "make", "--study", study, "--jobs", 1).code == 0
    manifest = (study / "pairs" / "manifest.jsonl").read_bytes()
    listed = earwitness("pairs", "list", "--study", study)
    assert listed.out.splitlines()[0].split("\t")[0] == "pair_id"
    assert "nat-co-10db" in listed.out
    assert earwitness("pairs", "make", "--study", study, "--jobs", 1).code == 0
    assert (study / "pairs" / "manifest.jsonl").read_bytes() == manifest


def test_files_that_cannot_be_used_are_named_and_the_rest_is_used(tmp_path: Path, demo_folders, earwitness) -> None:
    wav = tmp_path / "emodb" / "wav"
    wav.mkdir(parents=True)
    tone = 0.2 * np.sin(2 * np.pi * 220 * np.arange(48_000) / 48_000)
    for name in ("03a01Wa", "08a01Ta", "09a01Fa"):
        soundfile.write(wav / f"{name}.wav", np.stack([tone, tone], axis=1), 48_000)  # stereo, 48 kHz
    (wav / "10a01Na.wav").write_bytes(b"")
    (wav / "11a01Wb.wav").write_bytes(b"RIFF, but nothing of the kind")
    made = earwitness(
        "init", tmp_path / "s", "--corpus", f"emodb={tmp_path / 'emodb'}", "--sounds", f"demo={demo_folders[1]}"
    )
    assert made.code == 0, made.err
    ended = earwitness("pairs", "make", "--study", tmp_path / "s", "--jobs", 1)
    assert ended.code == 0, ended.err
    flat = " ".join(ended.err.split())
    assert flat.count("11a01Wb.wav") == 1  # a sentence names its file, and nothing says it again
    assert "10a01Na.wav" in flat
    assert "pairs of 3 clips" in flat


def test_a_corpus_with_nothing_usable_is_an_error(tmp_path: Path, demo_folders, earwitness) -> None:
    wav = tmp_path / "emodb" / "wav"
    wav.mkdir(parents=True)
    (wav / "03a01Wa.wav").write_bytes(b"")
    earwitness("init", tmp_path / "s", "--corpus", f"emodb={tmp_path / 'emodb'}", "--sounds", f"demo={demo_folders[1]}")
    ended = earwitness("pairs", "make", "--study", tmp_path / "s")
    assert ended.code == 1
    assert "no usable clip (1 files can't be used)" in " ".join(ended.err.split())


def test_publishing_before_there_are_pairs_says_what_to_do(study: Path, earwitness) -> None:
    ended = earwitness("hits", "publish", "--study", study, "--yes")
    assert ended.code == 1
    assert "earwitness pairs make" in ended.err


def test_publishing_before_the_server_was_ever_up_says_what_to_do(study: Path, earwitness) -> None:
    earwitness("pairs", "make", "--study", study, "--jobs", 1)
    ended = earwitness("hits", "publish", "--study", study, "--yes")
    assert ended.code == 1
    assert "earwitness serve" in ended.err


def test_publishing_above_the_cap_is_refused_before_anything_is_spent(study: Path, earwitness) -> None:
    toml = study / "study.toml"
    toml.write_text(toml.read_text().replace("cap = 500.0", "cap = 0.1"))
    earwitness("pairs", "make", "--study", study, "--jobs", 1)
    ended = earwitness("hits", "publish", "--study", study, "--yes")
    assert ended.code == 1
    assert "above the cap of 0.10 USD" in ended.err


def test_a_platform_that_does_not_answer_is_named_in_a_sentence(
    study: Path, earwitness, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    monkeypatch.setenv("PUBLIC_URL", f"http://127.0.0.1:{port}")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKTEST")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    earwitness("pairs", "make", "--study", study, "--jobs", 1)
    ended = earwitness("hits", "publish", "--study", study, "--yes")
    assert ended.code == 1
    assert f"127.0.0.1:{port}" in ended.err
    assert "Traceback" not in ended.err
    status = earwitness("hits", "status", "--study", study)
    assert "HITs sent" in status.out  # the plan is kept: the next call goes on with it


def test_hands_that_find_others_at_work_come_again(study: Path, earwitness, monkeypatch: pytest.MonkeyPatch) -> None:
    turns = []

    def busy_once(_wired: object) -> None:
        turns.append(1)
        if len(turns) == 1:
            raise HandsBusy("another process is talking to the platform")
        raise KeyboardInterrupt

    monkeypatch.setattr("app.cli.run.one_turn", busy_once)
    monkeypatch.setenv("EARWITNESS_POLL_S", "0.2")
    ended = earwitness("run", "--study", study)
    assert ended.code == 130
    assert "trying again" in ended.err


def test_a_bank_without_a_family_that_is_needed_is_named(study: Path, demo_folders, tmp_path: Path, earwitness) -> None:
    bank = tmp_path / "bank"
    shutil.copytree(demo_folders[1], bank)
    for listed in bank.glob("*.jsonl"):
        lines = listed.read_text().splitlines(keepends=True)
        listed.write_text("".join(line for line in lines if '"nat"' not in line))
    toml = study / "study.toml"
    toml.write_text(toml.read_text().replace(str(demo_folders[1]), str(bank)))
    for jobs in (1, 2):
        ended = earwitness("pairs", "make", "--study", study, "--jobs", jobs)
        assert ended.code == 0
        assert "not one clip can carry nat-co-10db, so nothing will be known of it: " in ended.err
        assert "'nat'" in ended.err


def test_a_database_that_is_full_is_named_in_a_sentence(
    study: Path, earwitness, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OperationalError("INSERT", {}, sqlite3.OperationalError("database or disk is full"))

    monkeypatch.setattr("app.store.people.set_password", full)
    ended = earwitness("researcher", "add", "ann", "--password", "long enough", "--study", study)
    assert ended.code == 1
    assert "database or disk is full" in ended.err
    assert "Traceback" not in ended.err


def test_a_port_that_is_taken_is_named_before_anything_starts(study: Path, earwitness) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        ended = earwitness("serve", "--study", study, "--port", port)
    assert ended.code == 1
    assert f"127.0.0.1:{port}" in ended.err
    assert "--port" in ended.err


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("certify",), "judgments.csv; `earwitness judgments export` writes it"),
        (("report",), "whitelist.json; `earwitness certify` writes it"),
        (("pairs", "list"), "manifest.jsonl; `earwitness pairs make` writes it"),
        (("evaluate",), "earwitness train"),
        (("attack",), "earwitness train"),
    ],
    ids=["certify", "report", "pairs list", "evaluate", "attack"],
)
def test_a_step_whose_input_is_missing_says_what_to_do(
    words: tuple[str, ...], says: str, study: Path, earwitness
) -> None:
    ended = earwitness(*words, "--study", study)
    assert ended.code == 1
    assert says in " ".join(ended.err.split())
    assert "Traceback" not in ended.err


def test_a_run_is_a_plain_name(study: Path, earwitness) -> None:
    assert earwitness("train", "--study", study, "--run", "../elsewhere").code == 2


def test_judgments_of_a_study_without_any_are_an_empty_table(study: Path, earwitness) -> None:
    assert earwitness("judgments", "export", "--study", study).code == 0
    assert (study / "judgments.csv").read_text().startswith("judgment_id,pair_id,")


def test_the_tables_are_brought_up_to_date_twice_without_harm(study: Path, earwitness) -> None:
    assert "before: no tables" in earwitness("db", "upgrade", "--study", study).err
    again = earwitness("db", "upgrade", "--study", study)
    assert again.code == 0
    assert "before" not in again.err


def test_a_researcher_is_added_and_a_short_password_is_not(study: Path, earwitness) -> None:
    assert earwitness("researcher", "add", "ada", "--study", study, "--password", "a long password").code == 0
    refused = earwitness("researcher", "add", "eve", "--study", study, "--password", "short")
    assert refused.code == 1
    assert "5 characters" in refused.err
    assert earwitness("researcher", "list", "--study", study).out.split() == ["name", "role", "ada", "owner"]


def test_a_demo_without_its_voices_says_what_to_install(
    tmp_path: Path, earwitness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "espeakng_loader", None)
    ended = earwitness("demo", tmp_path / "d", "--port", "18765", "--end")
    assert ended.code == 1
    assert "earwitness[demo]" in ended.err
