"""Workers' own ids: in one column, sealed; whatever becomes of the key, nothing is lost."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import select, text, update

from app.folder import StudyFolder
from app.hands.turn import take_turn
from app.hands.worksite import Turn, Worksite
from app.sealing import Sealing, SealKeyWrong, new_seal_key, worker_key
from app.settings import SettingsWrong, read_settings
from app.store.database import Database, NoKeys
from app.store.identities import (
    kept_workers,
    nameless,
    own_id,
    plain_ids,
    platform_worker_id,
    seal_ids,
    shut_ids,
)
from app.store.lock import hands
from app.store.money import payments_in
from app.store.progress import judgment_rows
from app.store.work import work_of
from app.study import CorpusPlace, SoundsPlace, Study
from app.tables import Base, PaymentRow, WorkerRow
from hits.batch import Hits
from hits.judgments_csv import write_judgments
from tests.app.store.conftest import SEALING

KNOWN = "A3KNOWNWORKERID"


@pytest.fixture
def walked(launched: Callable[..., object], platform, tmp_path: Path) -> tuple[object, Callable[[], Turn]]:
    """A study in which a worker of a known id did one task, and left another half-way; and its next turn."""
    study = launched(pairs=6, policy="fixed", trials_per_hit=3, checks_per_hit=0)
    whole = Study(
        corpus=CorpusPlace(name="demo", path=tmp_path),
        sounds=SoundsPlace(name="demo", path=tmp_path),
        hits=Hits(policy="fixed", trials_per_hit=3, checks_per_hit=0),
    )

    def turn() -> Turn:
        with hands(study.database) as held:
            return take_turn(Worksite(whole, study.database, platform, "http://localhost/annotate/", held))

    begun = study.begin(0, KNOWN)
    study.answer(begun, after_s=400)  # long enough for a top-up
    study.answer(begun, after_s=400)
    study.answer(begun, after_s=400)
    platform.hand_in(begun.platform_assignment_id, begun.platform_hit_id, KNOWN)
    return study, turn


def everything(database: Database) -> str:
    """Every row of every table, as text."""
    with database.reading() as session:
        rows = [row for table in Base.metadata.sorted_tables for row in session.execute(select(table)).all()]
    return "\n".join(map(str, rows))


def files(database: Database) -> bytes:
    """The bytes of an embedded database, its log too."""
    path = Path(database.url.database or "")
    return b"".join(p.read_bytes() for p in path.parent.glob(f"{path.name}*"))


def without_assignment_ids(text: str, study) -> str:
    """The platform's assignment ids of these tests are made of the worker's id; theirs say nothing."""
    return text.replace(f"A-0-{KNOWN}", "")


def test_a_known_id_stands_in_no_table_no_export_no_event_and_no_log(walked, tmp_path: Path, caplog) -> None:
    study, turn = walked
    caplog.set_level(logging.DEBUG)
    assert turn().paid == 2
    assert KNOWN not in without_assignment_ids(everything(study.database), study)
    with study.database.reading() as session:
        write_judgments(judgment_rows(session), tmp_path / "judgments.csv")
        row = session.scalars(select(WorkerRow)).one()
        assert own_id(session, row.platform_worker_id) == KNOWN
        assert row.worker == worker_key("mturk", KNOWN, "k")
    assert KNOWN not in (tmp_path / "judgments.csv").read_text()
    assert KNOWN not in caplog.text
    if study.database.engine.dialect.name == "sqlite":
        assert KNOWN.encode() not in files(study.database).replace(f"A-0-{KNOWN}".encode(), b"")


def test_a_platform_s_words_that_name_a_worker_are_kept_without_the_name(walked, platform) -> None:
    study, turn = walked
    platform.refuse = {f"bonus {KNOWN}", "bonus"}
    platform._manners, before = lambda what, do: _complain(platform, what, do, before), platform._manners
    notes = " ".join(turn().notes)
    assert "no such worker" in notes
    assert KNOWN not in notes
    assert KNOWN not in without_assignment_ids(everything(study.database), study)


def _complain(platform, what: str, do: Callable[[], None], before: Callable[..., None]) -> None:
    from hits.recruiting import PlatformRefused

    if what == "bonus":
        raise PlatformRefused(f"no such worker {KNOWN}")
    platform.refuse = set()
    before(what, do)


def test_ids_from_before_are_sealed_at_once_and_leave_no_trace_in_the_file(walked) -> None:
    study, _ = walked
    with study.database.writing() as session:
        session.execute(update(WorkerRow).values(platform_worker_id="PLAIN-AS-BEFORE"))
    with study.database.reading() as session:
        assert plain_ids(session)
        assert own_id(session, "PLAIN-AS-BEFORE") == "PLAIN-AS-BEFORE"  # it is paid to until it is sealed
    assert seal_ids(study.database).now == 1
    with study.database.reading() as session:
        assert not plain_ids(session)
        assert own_id(session, session.scalars(select(WorkerRow.platform_worker_id)).one()) == "PLAIN-AS-BEFORE"
    assert seal_ids(study.database).now == 0
    if study.database.engine.dialect.name == "sqlite":
        assert b"PLAIN-AS-BEFORE" not in files(study.database)


def test_a_sealing_that_fails_half_way_seals_none(walked, launched: Callable[..., object], monkeypatch) -> None:
    study, _ = walked
    study.begin(1, "W2")
    with study.database.writing() as session:
        for number, row in enumerate(session.scalars(select(WorkerRow).order_by(WorkerRow.worker))):
            row.platform_worker_id = f"PLAIN{number}"

    def once(text: str, seen: list[str] = []) -> str:  # noqa: B006
        seen.append(text)
        if len(seen) == 2:
            raise RuntimeError("the power went")
        return f"sealed:{text}"

    monkeypatch.setattr(SEALING, "seal", once)
    with pytest.raises(RuntimeError, match="the power went"):
        seal_ids(study.database)
    with study.database.reading() as session:
        assert sorted(session.scalars(select(WorkerRow.platform_worker_id))) == ["PLAIN0", "PLAIN1"]


def test_a_lost_key_stops_no_page_and_no_reward_and_bonuses_wait_for_it(walked, platform) -> None:
    study, turn = walked
    right = study.database
    lost = Database(right.url.render_as_string(hide_password=False), lambda: Sealing("k", [new_seal_key()]))
    study.database = lost
    with lost.reading() as session:
        assert shut_ids(session) == 1
        assignment_id = everything(lost) and session.scalars(select(PaymentRow.assignment_id)).first()
        assert assignment_id is None
        assert [one.id_kept for one in kept_workers(session)] == ["shut"]
    done = turn()
    assert done.paid == 1
    assert any("EARWITNESS_SEAL_KEY" in note for note in done.notes)
    with lost.reading() as session:
        (waiting,) = payments_in(session, "planned")
        assert (waiting.kind, waiting.note) == ("top-up", "waits for the key that opens the worker's id")
        row = session.get_one(PaymentRow, waiting.key)
        seen = work_of(session, row.assignment_id)
        assert platform_worker_id(session, seen.worker) == ""
    assert seal_ids(lost) == type(seal_ids(lost))(0, 1)  # what can't be opened stays as it is
    lost.dispose()
    study.database = right
    assert turn().paid == 1
    assert len(platform.bonuses) == 1


def test_a_new_key_seals_and_an_older_one_still_opens() -> None:
    old, new = new_seal_key(), new_seal_key()
    kept = Sealing("k", [old]).seal("W1")
    both = Sealing("k", [new, old])
    assert both.open(kept) == "W1"
    assert not both.is_newest(kept)
    assert Sealing("k", [new]).open(both.seal("W1")) == "W1"
    assert Sealing("k", [new]).open(kept) is None


def test_one_id_is_sealed_into_another_text_every_time() -> None:
    sealing = Sealing("k", [new_seal_key()])
    assert sealing.seal("W1") != sealing.seal("W1")


def test_a_database_that_was_opened_without_keys_says_so_before_anything_is_kept(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'study.db'}")
    Base.metadata.create_all(database.engine)
    with database.reading() as session, pytest.raises(NoKeys, match="without the study's keys"):
        own_id(session, "sealed:x")
    database.dispose()


def test_a_study_makes_its_key_once_beside_its_other_keys_for_the_owner_alone(tmp_path: Path) -> None:
    folder = StudyFolder(tmp_path)
    kept = folder.sealing().seal("W1")
    assert folder.sealing().open(kept) == "W1"
    assert folder.keys_file.stat().st_mode & 0o777 == 0o600


def test_a_key_of_the_environment_goes_first_and_the_one_beside_the_study_still_opens(tmp_path: Path) -> None:
    folder, own = StudyFolder(tmp_path), new_seal_key()
    kept = folder.sealing().seal("W1")
    sealing = folder.sealing([own])
    assert sealing.open(kept) == "W1"
    assert Sealing("", [own]).open(sealing.seal("W2")) == "W2"


def test_with_a_key_of_the_environment_none_is_made_beside_the_study(tmp_path: Path) -> None:
    StudyFolder(tmp_path).sealing([new_seal_key()])
    assert json.loads((tmp_path / "keys.json").read_text())["seal_key"] is None


def test_several_keys_are_read_from_the_environment_and_a_wrong_one_is_not_repeated() -> None:
    good = Fernet.generate_key().decode()
    assert read_settings({"EARWITNESS_SEAL_KEY": f"{good}, {good}"}).seal_keys == [good, good]
    with pytest.raises(SettingsWrong, match="key 2 is no key") as refused:
        read_settings({"EARWITNESS_SEAL_KEY": f"{good},tooshort"})
    assert "tooshort" not in str(refused.value)
    assert good not in str(refused.value)
    with pytest.raises(SealKeyWrong):
        Sealing("k", ["tooshort"])


def test_an_error_of_the_database_names_no_values(walked) -> None:
    study, _ = walked
    with study.database.reading() as session, pytest.raises(Exception, match="no_such_table") as broken:
        session.execute(text("SELECT :who FROM no_such_table"), {"who": KNOWN})
    assert KNOWN not in str(broken.value)


def test_a_platform_s_words_get_our_hash_in_the_place_of_an_id(walked) -> None:
    study, _ = walked
    with study.database.reading() as session:
        said = nameless(session, f"Worker {KNOWN}, or ({KNOWN}); not {KNOWN}X and not study")
    ours = worker_key("mturk", KNOWN, "k")
    assert said == f"Worker {ours}, or ({ours}); not {KNOWN}X and not study"
