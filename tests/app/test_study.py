"""study.toml and the environment: read whole, every error named at once."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.folder import Keys, KeysWrong, StudyFolder
from app.settings import SettingsWrong, read_settings
from app.study import About, CorpusPlace, NoStudy, SoundsPlace, Study, StudyWrong, read_study, settings_of, write_study
from hits.batch import Hits
from hits.pay import Pay


@pytest.fixture
def study(tmp_path: Path) -> Study:
    return Study(corpus=CorpusPlace(name="emodb", path=tmp_path), sounds=SoundsPlace(name="esc50", path=tmp_path))


def test_what_is_written_is_read_back(study: Study, tmp_path: Path) -> None:
    (tmp_path / "study.toml").write_text(write_study(study), encoding="utf-8")
    assert read_study(tmp_path) == study


@given(words=st.text(st.characters(codec="utf-8"), max_size=60))
def test_whatever_a_researcher_writes_is_read_back(words: str) -> None:
    study = Study(
        study=About(consent=words),
        corpus=CorpusPlace(name="emodb", path=Path("x")),
        sounds=(SoundsPlace(name="esc50", path=Path("x")),),
    )

    assert Study.model_validate(tomllib.loads(write_study(study))) == study


def test_words_of_several_lines_stay_as_a_person_wrote_them(study: Study) -> None:
    consent = '# You may leave\n\nAt *any* time, with a "quote" and a \\n.\n'

    text = write_study(study.model_copy(update={"study": About(consent=consent)}))

    assert 'consent = """\n# You may leave\n\nAt *any* time, with a \\"quote\\" and a \\\\n.\n"""' in text
    assert tomllib.loads(text)["study"]["consent"] == consent


def test_every_setting_stands_there_with_its_meaning_above_it(study: Study) -> None:
    text = write_study(study)
    lines = text.splitlines()
    for name, field in settings_of(Study):
        key = name.rpartition(".")[2]
        starts = (f"{key} =", f"# {key} =", f"[{name}]")
        places = [number for number, line in enumerate(lines) if line.startswith(starts)]
        assert places, f"{name} is missing"
        assert field.description, f"{name} has no meaning"
        assert any(lines[place - 1].startswith(f"# {field.description}") for place in places), name


def test_units_and_the_papers_sections_are_said(study: Study) -> None:
    text = write_study(study)
    assert "currency an hour; paper: section 5.1; default: 9.45" in text
    assert "(Hz; default: 16000)" in text


def test_all_errors_are_named_at_once_with_what_was_found_and_expected(study: Study, tmp_path: Path) -> None:
    text = write_study(study)
    text = text.replace("votes_per_pair = 3", 'votes_per_pair = "three"').replace("wage_per_hour = 9.45", "wage = 9")
    text = text.replace('policy = "adaptive"', 'policy = "eager"')
    (tmp_path / "study.toml").write_text(text, encoding="utf-8")
    with pytest.raises(StudyWrong) as wrong:
        read_study(tmp_path)
    said = str(wrong.value)
    assert len(wrong.value.errors) == 3
    assert "hits.votes_per_pair: found 'three'; expected a valid integer" in said
    assert "hits.policy: found 'eager'; expected 'fixed' or 'adaptive'" in said
    assert "pay.wage: found a key that no setting has; expected one of: currency, wage_per_hour" in said


def test_settings_that_do_not_go_together_are_named_together(study: Study, tmp_path: Path) -> None:
    text = write_study(study).replace("checks_per_hit = 1", "checks_per_hit = 10")
    (tmp_path / "study.toml").write_text(text, encoding="utf-8")
    with pytest.raises(
        StudyWrong, match="hits: checks_per_hit is 10, repeats_per_hit 0 and trials_per_hit 10; expected fewer checks"
    ):
        read_study(tmp_path)


def test_a_platform_that_is_none_is_refused(study: Study, tmp_path: Path) -> None:
    text = write_study(study).replace('platform = "mturk"', 'platform = "wall"')
    (tmp_path / "study.toml").write_text(text)
    with pytest.raises(StudyWrong, match=r"hits.platform: found 'wall'; .*one of mturk, panel, prolific"):
        read_study(tmp_path)


@pytest.mark.parametrize(("platform", "hours"), [("mturk", 72), ("prolific", 504)])
def test_a_review_that_ends_after_the_platform_has_paid_is_refused(
    study: Study, tmp_path: Path, platform: str, hours: float
) -> None:
    def written(review_for_h: float) -> Path:
        changed = {"hits": Hits(platform=platform), "pay": Pay(review_for_h=review_for_h)}
        (tmp_path / "study.toml").write_text(write_study(study.model_copy(update=changed)), encoding="utf-8")
        return tmp_path

    says = f"pay.review_for_h is {hours} h, and the platform pays by itself after {hours} h; expected less"
    with pytest.raises(StudyWrong, match=says):
        read_study(written(hours))
    assert read_study(written(hours - 0.5)).pay.review_for_h == hours - 0.5


def test_a_missing_section_says_what_it_is_for(tmp_path: Path) -> None:
    (tmp_path / "study.toml").write_text("[corpus]\nname = 'emodb'\n")
    with pytest.raises(StudyWrong, match=r"corpus.path: found nothing; expected the corpus' root folder"):
        read_study(tmp_path)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"[corpus\n", "not TOML"),
        (b"\xff\xfe", "no UTF-8"),
        (b"a = " + b"[" * 9999, "nested too deep"),
        (b"", "corpus: found nothing"),
    ],
)
def test_a_file_that_is_no_study_is_refused_in_a_sentence(tmp_path: Path, content: bytes, says: str) -> None:
    (tmp_path / "study.toml").write_bytes(content)
    with pytest.raises(StudyWrong, match=says):
        read_study(tmp_path)


def test_a_folder_without_a_study_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(NoStudy, match="earwitness init"):
        read_study(tmp_path)


def test_hostile_text_stays_text(tmp_path: Path) -> None:
    about = 'quote " backslash \\ newline \n [section] = \u202e ü'
    study = Study.model_validate(
        {
            "study": {"about": about},
            "corpus": {"name": "emodb", "path": tmp_path},
            "sounds": {"name": "esc50", "path": tmp_path},
        }
    )
    assert tomllib.loads(write_study(study))["study"]["about"] == about


def test_keys_are_made_once_and_for_their_owner_alone(tmp_path: Path) -> None:
    folder = StudyFolder(tmp_path)
    keys = folder.keys()
    assert folder.keys() == keys
    assert folder.keys_file.stat().st_mode & 0o077 == 0
    folder.keep_keys(Keys(keys.secret_key, invite="x"))
    assert folder.keys().invite == "x"


def test_broken_keys_are_refused_and_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "keys.json").write_text("{")
    with pytest.raises(KeysWrong, match="put a copy of it back"):
        StudyFolder(tmp_path).keys()
    assert (tmp_path / "keys.json").read_text() == "{"


def test_wrong_environment_variables_are_all_named() -> None:
    with pytest.raises(SettingsWrong) as wrong:
        read_settings({"EARWITNESS_POLL_S": "soon", "PUBLIC_URL": "ftp://x"})
    assert "EARWITNESS_POLL_S: found 'soon'" in str(wrong.value)
    assert "PUBLIC_URL: found 'ftp://x'" in str(wrong.value)


def test_a_marketplace_in_the_studys_folder_comes_before_the_users_own(tmp_path: Path) -> None:
    settings = read_settings({})
    assert str(tmp_path) not in settings.marketplace_url(tmp_path)
    (tmp_path / "marketplace.db").touch()
    assert settings.marketplace_url(tmp_path) == f"sqlite:///{tmp_path / 'marketplace.db'}"
    named = read_settings({"MARKETPLACE_DATABASE_URL": "postgresql://x/y"})
    assert named.marketplace_url(tmp_path) == "postgresql://x/y"
    assert len(settings.marketplace_key(tmp_path)) >= 32
    assert settings.marketplace_key(tmp_path) == settings.marketplace_key(tmp_path)
