"""`earwitness hits` and `payouts` on a panel, from the price to the paying office."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import select

from app.cli.opening import opened
from app.store import arriving, trials, work
from app.tables import HitRow, PaymentRow, WorkerRow
from hits.judgment import Said
from hits.listening import Listened
from hits.recruiting import Arrival
from tests.app.cli.conftest import Ended

Run = Callable[..., Ended]


@pytest.fixture
def panel(study: Path, earwitness: Run, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A study with pairs, on a panel."""
    monkeypatch.setenv("PUBLIC_URL", "https://lab.example")
    toml = study / "study.toml"
    toml.write_text(toml.read_text().replace('platform = "mturk"', 'platform = "panel"'))
    assert earwitness("pairs", "make", "--study", study, "--jobs", 1).code == 0
    return study


def somebody(study: Path) -> str:
    """Somebody does the first HIT whole; their hash."""
    with opened(study) as wired:
        rules = work.Rules(wired.study.hits, wired.study.pay, wired.study.listening, wired.study.quality)
        now, key = datetime.now(UTC), wired.folder.keys().secret_key
        with wired.database.writing() as session:
            hit_id = session.scalars(select(HitRow.platform_hit_id)).first() or ""
            arrival = Arrival(hit_id, "A1", "P8102", None)
            rng = np.random.default_rng(0)
            begun = arriving.begin(session, arrival, rules=rules, secret_key=key, rng=rng, now=now, reports=False)
        while True:
            with wired.database.writing() as session:
                asked, _ = trials.asked_and_coming(session, begun.assignment_id)
                if asked is None:
                    break
                trials.open_trial(session, asked.trial_id, now)
                now += timedelta(seconds=60)
                heard = Listened(asked.first_length_s, asked.second_length_s)
                said = Said("same", "same")
                work.answer(
                    session, begun.assignment_id, asked.trial_id, asked.nonce, said, heard, rules=rules, now=now
                )
        return begun.worker


def test_the_price_is_shown_and_nothing_is_spent(panel: Path, earwitness: Run) -> None:
    ended = earwitness("hits", "preview", "--study", panel)
    assert ended.code == 0, ended.err
    rows = dict(line.split("\t") for line in ended.out.splitlines()[1:])
    assert {"HITs put out now", "workers needed at least", "committed by saying yes", "cap"} <= set(rows)
    assert "can't be said yet" in ended.err
    assert "Nobody is named" in ended.err
    with opened(panel) as wired, wired.database.reading() as session:
        assert session.scalars(select(HitRow)).all() == []


def test_from_the_panel_s_link_to_the_paying_office(panel: Path, earwitness: Run, tmp_path: Path) -> None:
    published = earwitness("hits", "publish", "--yes", "--study", panel)
    assert published.code == 0, published.err
    assert "https://lab.example/annotate/?hit=" in published.err
    worker = somebody(panel)
    assert earwitness("hits", "pay", "--study", panel).code == 0

    given = [
        earwitness("hits", "bonus", worker, "1.50", "--reason", "For your patience.", "--study", panel) for _ in (1, 2)
    ]
    assert [ended.code for ended in given] == [0, 0], given[0].err
    assert "asked for before" in given[1].err
    owed = earwitness("payouts", "owed", "--study", panel).out.splitlines()
    assert owed[1].split("\t")[:2] == [worker, "P8102"]
    with opened(panel) as wired, wired.database.reading() as session:
        ledger = {row.kind: row.amount_minor for row in session.scalars(select(PaymentRow))}
    assert ledger["bonus"] == 150
    assert owed[1].split("\t")[2] == f"{sum(ledger.values()) / 100:.2f} USD"

    office = tmp_path / "office.csv"
    assert earwitness("payouts", "export", office, "--study", panel).code == 0
    paid = ("payouts", "paid", office, "--reference", "transfer 1", "--date", "2030-01-01", "--study", panel)
    assert earwitness("payouts", "paid", office, "--study", panel).code == 1  # no reference
    assert "1 marked as paid" in earwitness(*paid).err
    assert "0 marked as paid; 1 were before" in earwitness(*paid).err
    assert earwitness("payouts", "owed", "--study", panel).err.strip().endswith("nothing is owed to anybody")


def test_a_pause_lets_nobody_begin_until_it_ends(panel: Path, earwitness: Run) -> None:
    assert earwitness("hits", "publish", "--yes", "--study", panel).code == 0
    assert "nobody new" in earwitness("hits", "pause", "--study", panel).err
    with pytest.raises(arriving.WorkRefused):
        somebody(panel)
    assert earwitness("hits", "resume", "--study", panel).code == 0
    assert somebody(panel)
    with opened(panel) as wired, wired.database.reading() as session:
        assert len(session.scalars(select(WorkerRow)).all()) == 1


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (('platform = "panel"', 'platform = "mturk"', 'currency = "USD"', 'currency = "JPY"'), "pays in USD only"),
        (("# deadline =", 'deadline = "2000-01-01"'), "the last day of this study, 2000-01-01, is over"),
        (("cap = 500.0", "cap = 0.01"), "above the cap of 0.01 USD"),
    ],
    ids=["currency", "deadline", "cap"],
)
def test_what_must_not_be_put_out_is_refused_in_a_sentence(
    panel: Path, earwitness: Run, change: tuple[str, ...], says: str
) -> None:
    toml = panel / "study.toml"
    text = toml.read_text()
    for found, wanted in zip(change[::2], change[1::2], strict=True):
        assert found in text
        text = text.replace(found, wanted)
    toml.write_text(text)
    ended = earwitness("hits", "publish", "--yes", "--study", panel)
    assert ended.code == 1
    assert says in " ".join(ended.err.split())


def test_where_the_platform_pays_there_are_no_payouts(panel: Path, earwitness: Run, monkeypatch) -> None:
    toml = panel / "study.toml"
    toml.write_text(toml.read_text().replace('platform = "panel"', 'platform = "prolific"'))
    ended = earwitness("payouts", "owed", "--study", panel)
    assert ended.code == 1
    assert "prolific pays workers itself" in " ".join(ended.err.split())


def test_a_payment_is_settled_by_a_person_s_word(panel: Path, earwitness: Run) -> None:
    assert earwitness("hits", "settle", "nosuch", "--study", panel).code == 2
    ended = earwitness("hits", "settle", "nosuch", "--paid", "--study", panel)
    assert ended.code == 1
    assert "there is no such payment" in ended.err
