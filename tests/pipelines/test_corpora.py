"""What every corpus promises, on a small folder in its own layout."""

import sys
from importlib import import_module
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import soundfile

import pipelines.corpora
from pipelines.bins import Bins
from pipelines.circumplex import PLACE_BY_CATEGORY
from pipelines.clip import Clip, Phone, Word
from pipelines.corpora.base import Corpus, CorpusNotFound, Problem
from pipelines.corpora.demo import DemoCorpus
from pipelines.corpora.emodb import EmoDB
from pipelines.variants import load, own_names
from tests.pipelines.layouts.textgrid import write_textgrid

voice = (0.3 * np.sin(np.arange(16000) / 20)).astype(np.float32)


def write_wav(path: Path, samples: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, samples, 16000, format="WAV")


corpora = pytest.mark.parametrize("name", own_names(pipelines.corpora))


@pytest.fixture
def root(name: str, tmp_path: Path) -> Path:
    return make(name, tmp_path)


def make(name: str, root: Path) -> Path:
    """A small folder in the layout of a corpus: each corpus has a file of its name in `layouts/`."""
    made: Path = layout(name).make(root)
    return made


def layout(name: str) -> ModuleType:
    return import_module(f"tests.pipelines.layouts.{name.replace('-', '_')}")


def read(name: str, root: Path) -> list[Clip | Problem]:
    return list(load(pipelines.corpora, name, Corpus)(root).read())


def first_sound(name: str, root: Path) -> Path:
    """The file that is broken on purpose; a layout of other files than wav says so in `SOUND`."""
    found = root.rglob(getattr(layout(name), "SOUND", "*.wav"))
    return min(path for path in found if not path.name.startswith("._"))


def clip_by_path(name: str, root: Path) -> dict[Path, Clip]:
    return {entry.path: entry for entry in read(name, root) if isinstance(entry, Clip)}


@corpora
class TestEveryCorpus:
    def test_every_clip_says_who_speaks_and_how_long(self, name: str, root: Path) -> None:
        clips = read(name, root)

        assert clips
        for clip in clips:
            assert isinstance(clip, Clip)
            assert clip.path.is_file()
            assert clip.speaker
            assert clip.gender in ("female", "male") or not getattr(layout(name), "GENDERS_KNOWN", True)
            assert clip.length_s > 0.5

    def test_ids_are_unique_and_in_a_stable_order(self, name: str, root: Path) -> None:
        ids = [clip.clip_id for clip in read(name, root) if isinstance(clip, Clip)]

        assert len(set(ids)) == len(ids)
        assert ids == [clip.clip_id for clip in read(name, root) if isinstance(clip, Clip)]

    def test_ratings_lie_on_the_scale_and_say_how_they_came_about(self, name: str, root: Path) -> None:
        for clip in read(name, root):
            assert isinstance(clip, Clip)
            assert clip.ratings != "none"
            assert clip.activation is not None
            assert clip.valence is not None
            assert 1 <= clip.activation <= 5
            assert 1 <= clip.valence <= 5

    def test_words_and_phones_lie_inside_their_clip_in_order(self, name: str, root: Path) -> None:
        for clip in read(name, root):
            assert isinstance(clip, Clip)
            for timed in (clip.words, clip.phones):
                assert all(0 <= one.start_s < one.end_s <= clip.length_s + 1e-3 for one in timed)
                starts = [one.start_s for one in timed]
                assert starts == sorted(starts)

    @pytest.mark.parametrize(
        ("content", "reason"),
        [
            (b"", "is empty"),
            (b"not a sound at all", "can't be read"),
            (b"version https://git-lfs.github.com/spec/v1\n", "Git LFS pointer"),
        ],
    )
    def test_a_broken_file_is_one_problem_and_the_others_are_read(
        self, name: str, root: Path, content: bytes, reason: str
    ) -> None:
        everything = len(read(name, root))
        first_sound(name, root).write_bytes(content)

        entries = read(name, root)

        problems = [entry for entry in entries if isinstance(entry, Problem)]
        assert [problem.path for problem in problems] == [first_sound(name, root)]
        assert reason in problems[0].sentence
        assert len(entries) == everything

    def test_a_silent_file_is_a_problem(self, name: str, root: Path) -> None:
        write_wav(first_sound(name, root), np.zeros(16000, dtype=np.float32))

        assert [entry.path for entry in read(name, root) if isinstance(entry, Problem)] == [first_sound(name, root)]

    def test_a_textgrid_beside_the_sound_gives_words_to_a_clip_without(self, name: str, root: Path) -> None:
        before = clip_by_path(name, root)[first_sound(name, root)]
        write_textgrid(first_sound(name, root))

        after = clip_by_path(name, root)[first_sound(name, root)]

        own = before.words or before.phones
        assert after.words == (before.words if own else (Word("so", 0.1, 0.4),))
        assert after.phones == (before.phones if own else (Phone("S", 0.1, 0.2), Phone("OW1", 0.2, 0.4)))

    def test_a_broken_textgrid_is_a_problem_beside_the_usable_clip(self, name: str, root: Path) -> None:
        before = clip_by_path(name, root)
        broken = first_sound(name, root).with_suffix(".TextGrid")
        broken.write_text("not a TextGrid")

        entries = read(name, root)

        own = before[first_sound(name, root)].words or before[first_sound(name, root)].phones
        assert [entry.path for entry in entries if isinstance(entry, Problem)] == ([] if own else [broken])
        assert clip_by_path(name, root) == before

    def test_what_macos_leaves_in_copied_folders_is_no_clip(self, name: str, root: Path) -> None:
        before = read(name, root)
        sound = first_sound(name, root)
        sound.with_name(f"._{sound.name}").write_bytes(b"\x00\x05\x16\x07")

        assert read(name, root) == before

    def test_what_is_published_adds_up_and_stands_beside_its_licence(self, name: str) -> None:
        kind = load(pipelines.corpora, name, Corpus)
        published = kind.PUBLISHED  # type: ignore[attr-defined]
        if published is None:
            return
        about = sys.modules[kind.__module__].__doc__ or ""

        assert published.source
        assert "Licence: " in about
        assert "Cite: " in about
        for counts in (published.by_speaker, published.by_gender, published.by_category):
            assert published.clips is None or sum(counts.values()) <= published.clips

    def test_the_page_on_corpora_says_where_to_point(self, name: str) -> None:
        page = (Path(__file__).parents[2] / "docs" / "corpora.md").read_text()

        assert f"| `{name}` |" in page.partition("## Corpora")[2].partition("\n## ")[0]

    def test_a_folder_that_is_no_such_corpus_is_refused_at_once(self, name: str, root: Path) -> None:
        (root / "empty").mkdir()
        for wrong in (root / "empty", root / "absent"):
            with pytest.raises(CorpusNotFound, match=r"no .* corpus in .*expected"):
                load(pipelines.corpora, name, Corpus)(wrong)


def test_emodb_reads_speaker_emotion_sentence_and_phones(tmp_path: Path) -> None:
    clips = {clip.clip_id: clip for clip in EmoDB(make("emodb", tmp_path)).read() if isinstance(clip, Clip)}

    happy = clips["03a01Fa"]
    assert (happy.speaker, happy.gender, happy.category) == ("03", "male", "happiness")
    assert happy.transcript == "Der Lappen liegt auf dem Eisschrank."
    assert [(phone.symbol, phone.start_s, phone.end_s) for phone in happy.phones] == [("d", 0.1, 0.2), ("ä", 0.2, 0.3)]
    assert clips["08b10Tb"].phones == ()
    assert {clip.ratings for clip in clips.values()} == {"mapped"}


@pytest.mark.parametrize("stem", ["03a01Xa", "3a01Fa", "anything"])
def test_a_name_that_is_not_emodb_s_is_a_problem(tmp_path: Path, stem: str) -> None:
    write_wav(tmp_path / "wav" / f"{stem}.wav", voice)

    (problem,) = EmoDB(tmp_path).read()

    assert isinstance(problem, Problem)
    assert "not named as EmoDB names its files" in problem.sentence


def test_the_mapping_puts_anger_high_and_sadness_low() -> None:
    bins = {
        category: (Bins().bin_of(place.activation), Bins().bin_of(place.valence))
        for category, place in PLACE_BY_CATEGORY.items()
    }

    assert bins["anger"] == ("high", "low")
    assert bins["happiness"] == ("high", "high")
    assert bins["sadness"] == ("low", "low")
    assert bins["neutral"] == ("mid", "mid")


def test_the_demo_corpus_says_that_it_is_simulated(demo_clips: list[Clip]) -> None:
    assert all(clip.simulated and clip.ratings == "simulated" for clip in demo_clips)


def test_a_broken_line_of_the_demo_corpus_is_a_problem_with_its_number(
    tmp_path: Path,
) -> None:
    root = make("demo", tmp_path)
    lines = (root / "clips.jsonl").read_text().splitlines()
    (root / "clips.jsonl").write_text("\n".join([lines[0], lines[1], '{"clip_id": "x"}', lines[2]]))

    entries = list(DemoCorpus(root).read())

    assert [isinstance(entry, Problem) for entry in entries] == [False, True, False]
    assert "line 3" in entries[1].sentence  # type: ignore[union-attr]
