"""IEMOCAP in small."""

from pathlib import Path

from tests.pipelines.layouts.sound import write_voice

LENGTH_BY_UTTERANCE = {
    "Ses01F_impro01_F000": 1.25,
    "Ses01F_impro01_F001": 1.0,
    "Ses01F_impro01_M000": 0.9,
    "Ses01M_script01_1b_F000": 1.1,
    "Ses01M_script01_1b_M000": 0.8,
    "Ses01M_script01_1b_M001": 0.7,
}
EVALUATION = """% [START_TIME - END_TIME] TURN_NAME EMOTION [V, A, D]

[6.2901 - 7.5401]\tSes01F_impro01_F000\tneu\t[2.5000, 3.5000, 4.0000]
C-E2:\tNeutral;\t()
C-E3:\tNeutral; Sadness;\t(hesitant; then firm)
C-F1:\tNeutral;\t()
A-E3:\tval 3; act 4; dom  4;\t()
A-E4:\tval 2; act 3; dom  4;\t(calm)
A-F1:\tval 3; act 2; dom  ;\t()

[8.0000 - 9.0000]\tSes01F_impro01_F001\txxx\t[4.0000, 4.5000, 3.0000]
C-E2:\tExcited;\t()
C-E3:\tHappiness;\t()
A-E3:\tval 4; act 5; dom  3;\t()
A-E4:\tval 4; act 4; dom  3;\t()

[9.5000 - 10.4000]\tSes01F_impro01_M000\tfru\t[2.0000, 3.0000, ]
C-E2:\tFrustration;\t()
A-E3:\tval 2; act 3; dom  ;\t()
"""
SCRIPTED = """% [START_TIME - END_TIME] TURN_NAME EMOTION [V, A, D]

[1.0000 - 2.1000]\tSes01M_script01_1b_F000\thap\t[4.3333, 3.6667, 3.0000]
[2.5000 - 3.3000]\tSes01M_script01_1b_M000\tang\t[1.5000, 4.0000, 4.5000]
[4.0000 - 4.7000]\tSes01M_script01_1b_M001\tsad\t[1.6667, 1.6667, 2.0000]
"""
TRANSCRIPT = """Ses01F_impro01_F000 [006.2901-007.5401]: So, he really and the end.
M: [BREATHING]
Ses01F_impro01_FXX0 [007.6000-007.9000]: Mmhmm.
Ses01F_impro01_F001 [008.0000-009.0000]: Like a hand.
Ses01F_impro01_M000 [009.5000-010.4000]: An end.
"""
SCRIPT = """Ses01M_script01_1b_F000 [001.0000-002.1000]: I know.
Ses01M_script01_1b_M000 [002.5000-003.3000]: What?
Ses01M_script01_1b_M001 [004.0000-004.7000]: The end.
"""
WDSEG = """\t SFrm  EFrm    SegAScr Word
\t    0    11     -80000 <s>
\t   12    30    -250000 SO
\t   31    55    -410000 REALLY(2)
\t   56    80     -90000 ++LAUGHTER++
\t   81    99    -120000 AND
\t  100   118    -130000 <sil>
\t  119   124     -20000 </s>
 Total score:    -1100000
"""
PHSEG = """\t SFrm  EFrm   SegAScr Phone
\t    0    11    -80000 SIL
\t   12    20   -120000 HH SIL AE b
\t   21    30   -130000 AE HH N i
\t   31    40   -110000 N AE D i
\t   41    55   -190000 D N SIL e
\t   56   118   -300000 +NOISE+
\t  119   124    -20000 SIL
 Total score:   -1000000
"""


def make(root: Path) -> Path:
    """One session, an improvised and a scripted dialog of three utterances each, with the traps of the real one."""
    session = root / "Session1"
    for utterance, length_s in LENGTH_BY_UTTERANCE.items():
        name = utterance.rpartition("_")[0]
        write_voice(session / "sentences" / "wav" / name / f"{utterance}.wav", length_s)
        write_text(session / "sentences" / "ForcedAlignment" / name / f"{utterance}.wdseg", WDSEG)
        write_text(session / "sentences" / "ForcedAlignment" / name / f"{utterance}.phseg", PHSEG)
    labels = session / "dialog" / "EmoEvaluation"
    write_text(labels / "Ses01F_impro01.txt", EVALUATION)
    write_text(labels / "Ses01M_script01_1b.txt", SCRIPTED)
    (labels / "._Ses01F_impro01.txt").write_bytes(b"\x00\x05\x16\x07 what macOS leaves")
    write_text(labels / "Categorical" / "Ses01F_impro01_e2_cat.txt", "Ses01F_impro01_F000 :Neutral state; ()\n")
    sad = "Ses01F_impro01_F000 :Neutral state; :Sadness; (hesitant)\n"
    write_text(labels / "Categorical" / "Ses01F_impro01_e3_cat.txt", sad)
    write_text(labels / "Attribute" / "Ses01F_impro01_e3_atr.txt", "Ses01F_impro01_F000 :act 4; :val 3; :dom 4;\n")
    write_text(labels / "Attribute" / "Ses01F_impro01_e4_atr.txt", "Ses01F_impro01_F000 :act 3; :val 2; :dom ;\n")
    write_text(session / "dialog" / "transcriptions" / "Ses01F_impro01.txt", TRANSCRIPT)
    write_text(session / "dialog" / "transcriptions" / "Ses01M_script01_1b.txt", SCRIPT)
    return root


def write_text(path: Path, text: str) -> None:
    """A text file, in a folder that is made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
