"""The languages of the workers' pages: complete, chosen as each worker wants, and a study's own words over them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from html import unescape
from pathlib import Path
from typing import get_args

import pytest
from babel.messages import Message
from flask.testing import FlaskClient
from sqlalchemy import select

from app import extraction
from app.annotate.languages import USUAL_ABOUT
from app.catalogues import FOLDER, Domain, catalogue_path, known_languages, read_catalogue, translations
from app.study import About, Study, StudyWrong, read_study, write_study
from app.tables import WorkerRow
from app.web import Web, create_app
from app.wording import PLACE, TAG, unfit

ALL = ("en", "de", "es", "ar")
DOMAINS = get_args(Domain)
BEGIN = {"en": "Begin", "de": "Anfangen", "es": "Empezar", "ar": "بدء"}
DIRECTION = {"en": "ltr", "de": "ltr", "es": "ltr", "ar": "rtl"}
EVERY_CATALOGUE = [(language, domain) for language in known_languages()[1:] for domain in DOMAINS]


def link(number: int = 1, **more: str) -> str:
    ids = {"assignmentId": f"3A{number}", "hitId": "3HIT", "workerId": "AW1"}
    asked = {**ids, "turkSubmitTo": "https://workersandbox.mturk.com", **more}
    return "/annotate/?" + "&".join(f"{name}={value}" for name, value in asked.items())


def in_languages(web: Web, *languages: str, **texts: dict[str, str]) -> FlaskClient:
    study = web.study.model_copy(update={"study": About(languages=languages), "texts": texts})
    return create_app(replace(web, study=study)).test_client()


def spoken(page: str) -> tuple[str, str]:
    """The language and the direction of a page."""
    found = re.search(r'<html lang="([\w-]+)" dir="(\w+)">', page)
    assert found
    return found[1], found[2]


# --- the catalogues


def test_all_of_the_languages_are_there() -> None:
    assert sorted(known_languages()) == sorted(ALL)
    assert known_languages()[0] == "en"


@pytest.mark.parametrize("domain", DOMAINS)
def test_the_template_has_every_message_of_the_pages(domain: Domain, tmp_path: Path) -> None:
    extraction.write(extraction.messages(domain), tmp_path / "fresh.pot")
    kept = catalogue_path("en", domain).read_text(encoding="utf-8")
    assert (tmp_path / "fresh.pot").read_text(encoding="utf-8") == kept, "run `make translations`"


@pytest.mark.parametrize(("language", "domain"), EVERY_CATALOGUE)
def test_a_catalogue_says_every_message(language: str, domain: Domain) -> None:
    catalogue, template = read_catalogue(language, domain), extraction.messages(domain)
    assert {message.id for message in catalogue} == {message.id for message in template}
    unsaid = [message.id for message in _messages(language, domain) if message.fuzzy or not all(_forms(message))]
    assert unsaid == []
    assert all(len(_forms(message)) in (1, catalogue.num_plurals) for message in catalogue)


@pytest.mark.parametrize(("language", "domain"), EVERY_CATALOGUE)
def test_a_translation_has_the_places_and_the_markup_of_its_message(language: str, domain: Domain) -> None:
    for message in _messages(language, domain):
        ids = message.id if message.pluralizable else (message.id,)
        for form in _forms(message):
            assert unfit(form, ids) is None, message.id
            assert set(TAG.findall(form)) == set(TAG.findall(ids[0])), message.id
            needed = set(PLACE.findall(ids[0])) - {"num"}  # "one pair" may say its number in a word
            assert needed <= set(PLACE.findall(form)), message.id


TEMPLATES = sorted(Path(extraction.__file__).parent.glob("templates/**/*.html"))


@pytest.mark.parametrize(
    "path",
    [path for path in TEMPLATES if path.parent.name != "research"],
    ids=lambda path: f"{path.parent.name}/{path.name}",
)
def test_no_words_of_a_worker_s_page_stand_outside_of_the_catalogues(path: Path) -> None:
    text = path.read_text(encoding="utf-8").replace("earwitness marketplace", "")  # its name
    text = re.sub(r"\{#.*?#\}|\{\{.*?\}\}|\{%.*?%\}|<title>.*?</title>", "", text, flags=re.DOTALL)
    read_out = re.findall(r'(?:aria-label|title|placeholder|alt)="([^"]*)"', text)
    shown = re.sub(r'<[^>]*>|class="[^"]*"', "", text)
    assert re.findall(r"[A-Za-z]{2,}", " ".join([shown, *read_out])) == []


def test_no_compiled_catalogue_lies_about() -> None:
    assert list(FOLDER.rglob("*.mo")) == []


@pytest.mark.parametrize(("pairs", "said"), [(1, "زوجًا واحدًا"), (2, "زوجين"), (3, "3 أزواج"), (11, "11 زوجًا")])
def test_every_plural_of_arabic_is_told_apart(pairs: int, said: str) -> None:
    arabic = translations("ar", "annotate")
    told = arabic.ungettext("You have judged %(num)d pair.", "You have judged %(num)d pairs.", pairs)
    assert said in told % {"num": pairs}


def _messages(language: str, domain: Domain) -> Iterator[Message]:
    return (message for message in read_catalogue(language, domain) if message.id)


def _forms(message: Message) -> tuple[str, ...]:
    return message.string if isinstance(message.string, tuple) else (message.string,)


# --- which language a page is in


@pytest.mark.parametrize("language", ALL)
def test_a_page_says_its_language_and_its_direction(web: Web, language: str) -> None:
    page = in_languages(web, *ALL).get(link(lang=language)).text
    assert spoken(page) == (language, DIRECTION[language])
    assert f">{BEGIN[language]}</button>" in page


@pytest.mark.parametrize(
    ("asked", "language"),
    [
        ("de-AT,de;q=0.9,en;q=0.8", "de"),
        ("fr,es-MX;q=0.7,en;q=0.3", "es"),
        ("AR", "ar"),
        ("de;q=0,en", "en"),
        ("fr", "es"),
        ("", "es"),
    ],
)
def test_a_page_follows_the_browser_and_else_the_study(web: Web, asked: str, language: str) -> None:
    page = in_languages(web, "es", "en", "de", "ar").get(link(), headers={"Accept-Language": asked})
    assert spoken(page.text)[0] == language


def test_a_study_of_one_language_is_in_that_language_for_everybody(web: Web) -> None:
    page = in_languages(web, "de").get(link(lang="en"), headers={"Accept-Language": "en"}).text
    assert spoken(page)[0] == "de"
    assert 'hreflang="' not in page


def test_a_choice_is_kept_for_later_pages_devices_and_tasks(web: Web) -> None:
    client = in_languages(web, *ALL)
    assert _language_of_worker(web) is None
    here = client.post(link(lang="ar")).headers["Location"]
    other_device = in_languages(web, *ALL)
    assert spoken(client.get(here).text)[0] == "ar"
    assert spoken(other_device.get(here, headers={"Accept-Language": "de"}).text)[0] == "ar"
    assert spoken(other_device.get(link(number=2), headers={"Accept-Language": "de"}).text)[0] == "ar"


def test_a_choice_on_the_way_replaces_the_one_before(web: Web) -> None:
    client = in_languages(web, *ALL)
    here = client.post(link(lang="de")).headers["Location"]
    assert spoken(client.get(f"{here}?lang=es").text)[0] == "es"
    assert spoken(client.get(here).text)[0] == "es"
    assert _language_of_worker(web) == "es"


def test_nothing_is_kept_for_whoever_chose_nothing(web: Web) -> None:
    client = in_languages(web, *ALL)
    here = client.post(link(), headers={"Accept-Language": "de"}).headers["Location"]
    assert spoken(client.get(here, headers={"Accept-Language": "de"}).text)[0] == "de"
    assert _language_of_worker(web) is None


@pytest.mark.parametrize("asked", ["fr", "xx", "", "../en", "de;", "EN"])
def test_a_language_that_the_study_does_not_have_is_passed_over(web: Web, asked: str) -> None:
    client = in_languages(web, "en", "de")
    here = client.post(link(lang=asked)).headers["Location"]
    assert spoken(client.get(here).text)[0] == "en"
    assert _language_of_worker(web) is None


def test_a_language_that_was_dropped_from_the_study_is_not_shown_any_more(web: Web) -> None:
    here = in_languages(web, *ALL).post(link(lang="ar")).headers["Location"]
    assert spoken(in_languages(web, "en", "de").get(here).text)[0] == "en"


def test_the_choice_at_the_foot_keeps_what_the_platform_said(web: Web) -> None:
    client = in_languages(web, *ALL)
    page = unescape(client.get(link(lang="de")).text)
    addresses = re.findall(r'<a href="([^"]+)" lang="(\w+)" hreflang="\w+"( aria-current="true")?>([^<]+)</a>', page)
    assert [(language, name, bool(current)) for _, language, current, name in addresses] == [
        ("en", "English", False),
        ("de", "Deutsch", True),
        ("es", "Español", False),
        ("ar", "العربية", False),
    ]
    for address, language, _, _ in addresses:
        page = client.get(address).text
        assert spoken(page)[0] == language
        assert "assignmentId=3A1" in page
        assert address.count("lang=") == 1


def test_a_page_that_answers_a_form_offers_the_trial_in_other_languages(web: Web) -> None:
    client = in_languages(web, *ALL)
    here = client.post(link()).headers["Location"]
    trial = client.get(here).text
    sent = {name: re.search(f'name="{name}" value="([^"]+)"', trial)[1] for name in ("trial_id", "nonce")}  # type: ignore[index]
    refused = client.post(f"{here}answer", data=sent)
    assert refused.status_code == 422
    assert f'href="{here}?lang=de"' in refused.text


def test_stops_and_what_leads_nowhere_speak_the_workers_language(web: Web) -> None:
    client, german = in_languages(web, *ALL), {"Accept-Language": "de"}
    assert "Dieser Link ist nicht vollständig" in client.get("/annotate/wrong/", headers=german).text
    assert "Diese Seite gibt es nicht" in client.get("/annotate/wrong/page/here", headers=german).text
    assert "Wir können nicht erkennen" in client.get("/annotate/", headers=german).text


def test_the_researchers_pages_stay_as_they_are(web: Web) -> None:
    page = in_languages(web, "ar", "de").get(
        "/research/sign-in", headers={"Accept-Language": "de"}, follow_redirects=True
    )
    assert spoken(page.text) == ("en", "ltr")


@pytest.mark.parametrize(
    ("language", "said"), [("en", "$0.16"), ("de", "0,16\xa0$"), ("es", "0,16\xa0US$"), ("ar", "0.16 دولار أمريكي")]
)
def test_money_is_written_as_the_language_writes_it(web: Web, language: str, said: str) -> None:
    assert said in in_languages(web, *ALL).get(link(lang=language)).text


def test_digits_are_those_of_the_keyboard(web: Web) -> None:
    client = in_languages(web, *ALL)
    here = client.post(link(lang="ar")).headers["Location"]
    assert not re.search("[٠-٩۰-۹]", client.get(here).text)


# --- a study's own words


def test_own_words_stand_in_place_of_the_pages_words(web: Web) -> None:
    client = in_languages(
        web, "en", "de", en={"Begin": "Let us start"}, de={"Begin": "Los geht’s", "about": "Worum es geht"}
    )
    assert ">Let us start</button>" in client.get(link(lang="en")).text
    german = client.get(link(lang="de")).text
    assert "Los geht’s" in german
    assert "Worum es geht" in german


def test_own_words_may_have_plurals() -> None:
    judged = "You have judged %(num)d pair."
    one, many = (
        translations("en", "annotate", {judged: ("One!", "%(num)d!")}).ungettext(judged, "", count) for count in (1, 2)
    )
    assert (one, many) == ("One!", "%(num)d!")
    for count in (1, 2, 3):
        assert translations("ar", "annotate", {judged: "تمّ"}).ungettext(judged, "", count) == "تمّ"


def test_what_a_study_says_of_itself_by_default_is_translated(web: Web) -> None:
    assert str(USUAL_ABOUT) == About().about
    assert "Hintergrundgeräusche" in in_languages(web, "de").get(link()).text


def test_everything_wrong_with_own_words_is_named_at_once(web: Web, tmp_path: Path) -> None:
    texts = {
        "de": {
            "Begn": "Los",
            "Questions go to %(contact)s.": "Fragen an %(mail)s",
            "Go on": "Zu 100 %",
            "Hand in": "<b>Abgeben</b>",
            "You have judged %(num)d pair.": ["eins", "zwei", "drei"],
            "You need not answer.": 'Nur wer "mag"',
        },
        "ar": {"Begin": "بدء"},
        "fr": {"Begin": "Commencer"},
    }
    (tmp_path / "study.toml").write_text(_with_texts(web.study, texts, ("en", "de")), encoding="utf-8")
    with pytest.raises(StudyWrong) as wrong:
        read_study(tmp_path)
    assert wrong.value.errors == [
        'texts.de."Begn": found a message that no page has; expected "Begin"',
        'texts.de."Questions go to %(contact)s.": found %(mail)s; expected none but %(contact)s',
        'texts.de."Go on": found % by itself; expected %% for a per cent sign',
        'texts.de."Hand in": found <b>; expected none',
        'texts.de."You have judged %(num)d pair.": found 3 texts; expected one, or 2, as it has plural forms',
        'texts.de."You need not answer.": found "; expected words, and quotation marks as in print',
        "texts.ar: found a language that the study does not have; expected one of: en, de (add it to study.languages)",
        "texts.fr: found a language that the study does not have; expected one of: en, de (no page speaks it)",
    ]


def test_own_words_are_written_back_as_they_were_read(web: Web, tmp_path: Path) -> None:
    texts = {
        "en": {"Begin": "Start now"},
        "de": {"You have judged %(num)d pair.": ("eins", "%(num)d"), "about": "Zwei\nZeilen"},
    }
    study = web.study.model_copy(update={"study": About(languages=("en", "de")), "texts": texts})
    (tmp_path / "study.toml").write_text(write_study(study), encoding="utf-8")
    assert read_study(tmp_path) == study


def test_what_workers_agree_to_must_be_there_in_every_language(web: Web, tmp_path: Path) -> None:
    about = About(languages=("en", "de", "ar"), consent="You agree.")
    study = web.study.model_copy(update={"study": about, "texts": {"de": {"consent": "Du stimmst zu."}}})
    (tmp_path / "study.toml").write_text(write_study(study), encoding="utf-8")
    with pytest.raises(StudyWrong) as wrong:
        read_study(tmp_path)
    assert wrong.value.errors == ["texts.ar.consent: found nothing; expected what study.consent says, in this language"]


@pytest.mark.parametrize("languages", [("en", "fr"), ("en", "en"), ()])
def test_a_study_names_languages_that_the_pages_speak_each_once(
    web: Web, tmp_path: Path, languages: tuple[str, ...]
) -> None:
    text = write_study(web.study).replace('languages = ["en"]', f"languages = {list(languages)}")
    (tmp_path / "study.toml").write_text(text, encoding="utf-8")
    with pytest.raises(StudyWrong, match=r"study.languages: found .*; expected"):
        read_study(tmp_path)


def test_the_documentation_s_examples_are_read(web: Web, tmp_path: Path) -> None:
    page = (Path(extraction.__file__).parent.parent / "docs/languages.md").read_text(encoding="utf-8")
    examples = re.findall(r"```toml\n(.*?)```", page, re.DOTALL)
    assert len(examples) == 2
    for example in examples:
        text = f'[corpus]\nname = "demo"\npath = "."\n[sounds]\nname = "demo"\npath = "."\n{example}'
        (tmp_path / "study.toml").write_text(text, encoding="utf-8")
        assert read_study(tmp_path).study.languages == ("en", "de")


def _with_texts(study: Study, texts: dict[str, dict[str, object]], languages: tuple[str, ...]) -> str:
    return write_study(study.model_copy(update={"study": About(languages=languages), "texts": texts}))


def _language_of_worker(web: Web) -> str | None:
    with web.database.reading() as session:
        return session.scalar(select(WorkerRow.language))
