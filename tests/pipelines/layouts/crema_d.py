"""CREMA-D in small."""

from itertools import product
from pathlib import Path

from tests.pipelines.layouts.sound import write_voice

SEX_BY_ACTOR = {"1001": "Male", "1002": "Female", "1003": "Female"}
EMOTIONS = ("ANG", "HAP", "NEU", "SAD")
#: Voices in which people heard something else than was intended, or could not agree.
VOICE_VOTES = {"1001_DFA_SAD_XX": "N", "1002_DFA_ANG_XX": "A:D"}


def make(root: Path) -> Path:
    """Three actors, two sentences, four emotions; one vote that differs from the intention, and one that is tied."""
    stems = [
        f"{actor}_{sentence}_{emotion}_XX"
        for actor, sentence, emotion in product(SEX_BY_ACTOR, ("DFA", "WSI"), EMOTIONS)
    ]
    for number, stem in enumerate(stems):
        write_voice(root / "AudioWAV" / f"{stem}.wav", 1.0 + number / 100)
    (root / "AudioWAV" / "._1001_DFA_ANG_XX.wav").write_bytes(b"what macOS leaves")
    people = [f'{actor},30,"{sex}","Caucasian","Not Hispanic"' for actor, sex in SEX_BY_ACTOR.items()]
    (root / "VideoDemographics.csv").write_text("\n".join(['"ActorID","Age","Sex","Race","Ethnicity"', *people]))
    write_votes(root, {stem: VOICE_VOTES.get(stem, stem[9]) for stem in stems})
    names = [f'{number},"{stem}"' for number, stem in enumerate(stems, start=1)]
    (root / "SentenceFilenames.csv").write_text("\n".join(['"Stimulus_Number","Filename"', *names]))
    return root


def write_votes(root: Path, voice_by_stem: dict[str, str]) -> None:
    """The table of votes, in which faces and videos were always understood as intended."""
    head = '"","FileName","VoiceVote","VoiceLevel","FaceVote","FaceLevel","MultiModalVote","MultiModalLevel"'
    rows = [
        f'"{number}","{stem}","{voice}","60","{stem[9]}","60","{stem[9]}","60"'
        for number, (stem, voice) in enumerate(voice_by_stem.items(), start=1)
    ]
    (root / "processedResults").mkdir(exist_ok=True)
    (root / "processedResults" / "summaryTable.csv").write_text("\n".join([head, *rows]))
