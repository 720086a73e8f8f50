"""A folder of sound with a table."""

from pathlib import Path

from tests.pipelines.layouts.sound import write_voice

HEAD = "file,speaker,clip_id,gender,session,activation,valence,dominance,category,transcript,language,start_s,end_s"


def make(root: Path) -> Path:
    """Files with ratings and with a category alone, and two pieces of a longer one."""
    for name in ("anna/a.wav", "anna/b.wav", "ben.wav"):
        write_voice(root / name)
    write_voice(root / "long.wav", 3.0)
    write_table(
        root,
        'anna/a.wav,anna,,f,1,3.5,2.25,3,anger,"Well, no.",en,,',
        "anna/b.wav,anna,b,female,1,,,,happiness,,en,,",
        "ben.wav,ben,,M,2,1,5,,,,,,",
        "long.wav,ben,first,m,2,2,3,,,,de,0,1.5",
        "long.wav,ben,,m,2,4,3,,,,de,1.5,",
    )
    return root


def write_table(root: Path, *rows: str, head: str = HEAD) -> None:
    """The table of a folder, from its lines."""
    root.mkdir(parents=True, exist_ok=True)
    (root / "clips.csv").write_text("\n".join([head, *rows]) + "\n", encoding="utf-8")
