"""study.toml: the whole design of a study in one typed model, read whole with every error named at once."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, field_validator
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails, PydanticCustomError, PydanticUndefined

from analysis.release.settings import ReleaseDesign
from analysis.rule import DecisionRule
from app.catalogues import Words, known_languages
from app.wording import wrong_words
from hits.batch import Hits
from hits.crowd import Crowd
from hits.listening import Listening
from hits.pay import Pay
from hits.platforms.panel import PanelDesign
from hits.quality import Quality
from hits.review import wrong_review
from hits.screening import Qualification, Screening
from models.attacking.design import AttackDesign
from models.experiment import Experiment
from pipelines.bins import USUAL_BINS, Bins
from pipelines.design import PairDesign
from pipelines.sampling import Sampling

FILE_NAME = "study.toml"
OWN_WORDS = "own_words"  # the kind of an error whose sentence is whole


class About(BaseModel):
    """What the study is."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(
        "study", pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,39}$", description="short name: letters, digits, dash, dot"
    )
    seed: int = Field(0, ge=0, lt=2**32, description="everything random follows from this number")
    contact: str = Field("", max_length=200, description="whom workers write to; shown on their pages")
    about: str = Field(
        "We study how background noise changes the emotion that people hear in a voice.",
        max_length=5000,
        description="what workers read about the study before they begin",
    )
    consent: str = Field(
        "",
        max_length=20000,
        description="what workers agree to by beginning, in Markdown; shown in full before they can begin",
    )
    languages: tuple[str, ...] = Field(
        ("en",),
        min_length=1,
        description="languages of the workers' pages, the first for whoever asks for none of them: of en, de, es, ar",
    )
    keep_ids_days: int | None = Field(
        None,
        ge=1,
        description="days after which the platform's id of a worker is forgotten, once nothing is open or owed; "
        "without it they are kept, sealed, until `earwitness workers forget`",
        json_schema_extra={"unit": "days"},
    )
    simulated: bool = Field(False, description="true where listeners or speech are simulated: every page says so")  # noqa: FBT003

    @field_validator("languages")
    @classmethod
    def _known(cls, languages: tuple[str, ...]) -> tuple[str, ...]:
        unknown = [language for language in languages if language not in known_languages()]
        if unknown or len(set(languages)) < len(languages):
            raise ValueError(f"each once, of {', '.join(known_languages())}")
        return languages


class CorpusPlace(BaseModel):
    """Where the speech is."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(description="reader of the corpus; `earwitness init --help` lists them")
    path: Path = Field(description="the corpus' root folder")


class SoundsPlace(BaseModel):
    """Where the noise is."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(description="reader of the sound bank; `earwitness init --help` lists them")
    path: Path = Field(description="the sound bank's root folder")


class Study(BaseModel):
    """A whole study. Each section is the settings model of the code that uses it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    study: About = About()
    corpus: CorpusPlace
    sounds: tuple[SoundsPlace, ...] = Field(min_length=1, description="sound banks; noises draw from all of them")
    bins: Bins = USUAL_BINS
    sampling: Sampling = Sampling()
    pairs: PairDesign = PairDesign()
    hits: Hits = Hits()
    screening: Screening = Screening()
    qualification: Qualification = Qualification()
    listening: Listening = Listening()
    pay: Pay = Pay()
    panel: PanelDesign = PanelDesign()
    quality: Quality = Quality()
    decision: DecisionRule = DecisionRule()
    experiment: Experiment = Experiment()
    attack: AttackDesign = AttackDesign()
    rehearsal: Crowd = Crowd()
    release: ReleaseDesign = ReleaseDesign()
    texts: Mapping[str, Mapping[str, str | tuple[str, ...]]] = Field(
        {},
        validate_default=True,
        description="own words on the workers' pages: by language, the English sentence of the page = what to say "
        "instead; about and consent for those of [study] in further languages",
    )

    @field_validator("sounds", mode="before")
    @classmethod
    def _one_or_several(cls, places: Any) -> Any:
        return (places,) if isinstance(places, dict | SoundsPlace) else places

    @field_validator("pay")
    @classmethod
    def _in_time(cls, pay: Pay, known: ValidationInfo) -> Pay:
        wrong = wrong_review(known.data["hits"], pay) if "hits" in known.data else None
        if wrong:
            raise PydanticCustomError(OWN_WORDS, "pay." + wrong.replace("{", "{{"))
        return pay

    @field_validator("decision")
    @classmethod
    def _can_follow(cls, decision: DecisionRule, known: ValidationInfo) -> DecisionRule:
        hits = known.data.get("hits")
        if decision.sequential and hits is not None and hits.policy == "fixed":
            raise PydanticCustomError(
                OWN_WORDS,
                f"decision.design: found '{decision.design}', which chooses pairs while judgments come in, beside "
                "hits.policy = 'fixed', which chose them all before; expected hits.policy = 'adaptive', or "
                "decision.design = 'fixed'",
            )
        return decision

    @field_validator("texts")
    @classmethod
    def _fitting(cls, texts: Mapping[str, Words], known: ValidationInfo) -> Mapping[str, Words]:
        about: About = known.data.get("study", About())
        wrong = list(wrong_words(texts, about.languages, consent=bool(about.consent)))
        if wrong:  # each of them by itself, as any other wrong setting
            raise ValidationError.from_exception_data(
                "texts",
                [{"type": PydanticCustomError(OWN_WORDS, one), "input": None} for one in wrong],
            )
        return texts


class StudyWrong(ValueError):
    """study.toml can't be used: every wrong key with what was found and what was expected."""

    def __init__(self, path: Path, errors: list[str]) -> None:
        count = "1 error" if len(errors) == 1 else f"{len(errors)} errors"
        super().__init__(f"{path} has {count}:\n" + "\n".join(f"  {error}" for error in errors))
        self.errors = errors


class NoStudy(FileNotFoundError):
    """A folder holds no study."""

    def __init__(self, folder: Path) -> None:
        super().__init__(
            f"no {FILE_NAME} in {folder.resolve()}; make a study with `earwitness init DIR --corpus NAME=PATH "
            "--sounds NAME=PATH`, or name its folder with --study DIR"
        )


def read_study(folder: Path) -> Study:
    """The study of a folder.

    Raises:
        NoStudy: there is no study.toml.
        StudyWrong: it can't be read as TOML, or keys are wrong: all of them are listed.
    """
    path = folder / FILE_NAME
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise NoStudy(folder) from error
    except UnicodeDecodeError as error:
        raise StudyWrong(path, [f"byte {error.start}: found no UTF-8 text; expected a text file"]) from error
    try:
        return Study.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise StudyWrong(path, [f"not TOML: {error}"]) from error
    except RecursionError as error:
        raise StudyWrong(path, ["found brackets nested too deep to read; expected two or three levels"]) from error
    except ValidationError as error:
        raise StudyWrong(path, [_sentence(details) for details in error.errors()]) from error


def _sentence(details: ErrorDetails) -> str:
    """One error: its key, what was found, what was expected."""
    if details["type"] == OWN_WORDS:
        return details["msg"]
    key = ".".join(str(part) for part in details["loc"])
    if details["type"] == "missing":
        return f"{key}: found nothing; expected {_described(details['loc']) or 'a value'}"
    if details["type"] == "extra_forbidden":
        return f"{key}: found a key that no setting has; expected one of: {', '.join(_siblings(details['loc']))}"
    expected = details["msg"].removeprefix("Value error, ").removeprefix("Input should be ")
    if details["type"] == "value_error" and isinstance(
        details["input"], dict
    ):  # two settings that do not go together: the sentence names both
        return f"{key}: {expected}"
    return f"{key}: found {details['input']!r}; expected {expected}"


def _model_at(loc: tuple[int | str, ...]) -> type[BaseModel]:
    """The model that holds the key at a place of the file."""
    model: type[BaseModel] = Study
    for part in loc[:-1]:
        if isinstance(part, int):  # the place in an array of tables
            continue
        field = model.model_fields.get(part)
        inner = field and _section_model(field)
        if not inner:
            break
        model = inner
    return model


def _described(loc: tuple[int | str, ...]) -> str | None:
    field = _model_at(loc).model_fields.get(str(loc[-1]))
    return field.description if field else None


def _siblings(loc: tuple[int | str, ...]) -> list[str]:
    return list(_model_at(loc).model_fields)


def _section_model(field: FieldInfo) -> type[BaseModel] | None:
    """The model of a section, or of an array of sections; None for a plain setting."""
    for kind in (field.annotation, *get_args(field.annotation)):
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            return kind
    return None


def write_study(study: Study) -> str:
    """study.toml as text: every setting with its value, and in comments its meaning, unit and the paper's section."""
    head = (
        "# The design of one earwitness study. Sections of the paper are those of Jaiswal & Mower Provost,\n"
        "# 'Best Practices for Noise-Based Augmentation to Improve the Performance of Emotion Recognition\n"
        "# 'In the Wild'' (2021). Paths are absolute, or relative to the folder where a command is given.\n"
    )
    return head + "".join(_section(name, getattr(study, name)) for name in Study.model_fields)


def _section(name: str, model: BaseModel | tuple[BaseModel, ...] | Mapping[str, Words], brackets: str = "[{}]") -> str:
    if isinstance(model, tuple):
        return "".join(_section(name, one, "[[{}]]") for one in model)
    if isinstance(model, Mapping):
        tables = "".join(f"\n[{name}.{key}]\n{_rows(table)}" for key, table in model.items())
        return f"\n# {Study.model_fields[name].description}\n[{name}]\n{tables}"
    doc = (type(model).__doc__ or "").strip().splitlines()[0]
    lines = ["", f"# {doc}", brackets.format(name)]
    nested = []
    for key, field in type(model).model_fields.items():
        value = getattr(model, key)
        if isinstance(value, BaseModel):
            nested.append(_section(f"{name}.{key}", value))
            continue
        if isinstance(value, Mapping):  # a table of its own, so that a person can add to it
            nested.append(f"\n# {_comment(field)}\n[{name}.{key}]\n{_rows(value)}")
            continue
        lines.append(f"# {_comment(field)}")
        lines.append(f"# {key} =" if value is None else f"{key} = {_toml(value)}")
    return "\n".join(lines) + "\n" + "".join(nested)


def _comment(field: FieldInfo) -> str:
    extra: dict[str, Any] = field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}
    notes = [str(extra["unit"])] if "unit" in extra else []
    if "paper" in extra:
        notes.append("paper: " + str(extra["paper"]))
    default = field.get_default(call_default_factory=True, validated_data={})
    plain = default is not PydanticUndefined and not isinstance(default, (tuple, BaseModel, Mapping))
    if plain and len(str(default)) < 30:
        notes.append("required" if field.is_required() else f"default: {_toml(default)}")
    return f"{field.description}" + (f" ({'; '.join(notes)})" if notes else "")


def _rows(table: Mapping[str, object]) -> str:
    return "".join(f"{_key(row)} = {_toml(found)}\n" for row, found in table.items())


def _key(key: str) -> str:
    return key if re.fullmatch(r"[A-Za-z0-9_-]+", key) else json.dumps(key, ensure_ascii=False)


def _toml(value: object) -> str:
    """A value in TOML's own writing."""
    if isinstance(value, (bool, int, float)) or value is None:
        return json.dumps(value)
    if isinstance(value, (tuple, list)):
        if any(isinstance(item, BaseModel) for item in value):
            return "[\n" + "".join(f"  {_toml(item)},\n" for item in value) + "]"
        return "[" + ", ".join(_toml(item) for item in value) + "]"
    if isinstance(value, BaseModel):
        return _toml(dict(value))
    if isinstance(value, Mapping):
        if not value:
            return "{}"
        return "{ " + ", ".join(f"{_key(key)} = {_toml(item)}" for key, item in value.items()) + " }"
    lines = [json.dumps(line, ensure_ascii=False)[1:-1].replace("\x7f", "\\u007f") for line in str(value).split("\n")]
    return f'"{lines[0]}"' if len(lines) == 1 else '"""\n' + "\n".join(lines) + '"""'


def settings_of(model: type[BaseModel], prefix: str = "") -> Iterator[tuple[str, FieldInfo]]:
    """Every setting by its key in study.toml, for the documentation."""
    for key, field in model.model_fields.items():
        section = _section_model(field)
        # Arrays inside a section are written in one line a row, as plain settings are.
        if section and (not prefix or section is field.annotation):
            yield from settings_of(section, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", field
