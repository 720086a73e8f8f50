"""An experiment is read whole, or every wrong key is named."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from models.experiment import Experiment, ExperimentWrong, FoldDesign, Training, read_experiment

GOOD = """
labels = ["valence", "emotion"]
net = "pooled"
seeds = [3, 1]
denoiser = "vts"
[net_settings]
dense_width = 8
[features.filterbanks]
bands = 26
[augment]
conditions = ["fade-in", "nat-co-10db"]
probability = 0.5
[folds]
kind = "leave-one-speaker-out"
group = 2
[training]
optimiser = "adam"
schedule = "cosine"
[measures]
pooled = "folds"
"""


def test_a_file_says_everything_and_the_rest_is_the_papers(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(GOOD)
    found = read_experiment(path)
    assert (found.labels, found.net, found.seeds, found.denoiser) == (("valence", "emotion"), "pooled", (3, 1), "vts")
    assert found.features.filterbanks.bands == found.features.of("filterbanks")["bands"] == 26
    assert found.augment.conditions == ("fade-in", "nat-co-10db")
    assert (found.folds.kind, found.folds.group, found.training.optimiser) == ("leave-one-speaker-out", 2, "adam")
    assert (found.training.epochs_max, found.training.patience) == (50, 5)
    assert Experiment.model_validate(found.model_dump(exclude_unset=True)) == found
    assert Experiment.model_validate_json(found.model_dump_json()) == found


def test_an_empty_file_is_the_papers_experiment(tmp_path: Path) -> None:
    path = tmp_path / "empty.toml"
    path.write_text("")
    assert read_experiment(path) == Experiment()


@pytest.mark.parametrize(
    ("told", "sentence"),
    [
        ("labels = [", "it is not TOML"),
        ('labels = ["dominance"]', r"labels\.0: Input should be 'activation', 'valence' or 'emotion'"),
        ("labels = []", "labels: "),
        ('labels = ["valence", "valence"]', r"labels: found \['valence', 'valence'\]; expected each once"),
        ("seeds = [1, 1]", r"seeds: found \[1, 1\]; expected each once"),
        ("epochs = 3", "epochs: Extra inputs are not permitted"),
        ("[training]\nbatch = 0", r"training\.batch: Input should be greater than or equal to 1"),
        ("[training]\nlearning_rate = nan", r"training\.learning_rate"),
        ("[training]\nclip_norm = nan", r"training\.clip_norm"),
        ("[training]\nweight_decay = inf", r"training\.weight_decay"),
        ('[training]\noptimiser = "lbfgs"', r"training\.optimiser: Input should be 'rmsprop'"),
        ('[augment]\nconditions = "some"', r"augment\.conditions"),
        ("[augment]\nprobability = 0", r"augment\.probability"),
        ("[augment]\nsnr_min_db = nan", r"augment\.snr_min_db"),
        ('[folds]\nkind = "lists"', "found kind = 'lists' and lists = None; expected both"),
        ('[folds]\nlists = "a.csv"', "found kind = 'k-fold' and lists = a.csv"),
        ("[folds]\nvalidation_share = 1.0", r"folds\.validation_share"),
        ("[features.spectra]\nbands = 3", "found settings of the feature 'spectra'; expected one of .*filterbanks"),
        ("[features.filterbanks]\nbands = 0", r"features\.filterbanks\.bands"),
        ("[net_settings]\nchannels = [1]", "net_settings"),
    ],
)
def test_a_wrong_file_is_refused_with_the_key(told: str, sentence: str, tmp_path: Path) -> None:
    path = tmp_path / "wrong.toml"
    path.write_text(told)
    with pytest.raises(ExperimentWrong, match=sentence):
        read_experiment(path)


def test_all_wrong_keys_are_named_at_once(tmp_path: Path) -> None:
    path = tmp_path / "wrong.toml"
    path.write_text("net = 3\n[training]\nbatch = 0\n")
    with pytest.raises(ExperimentWrong, match=r"(?s)wrong\.toml has 2 errors:.*net: .*training\.batch: "):
        read_experiment(path)


@pytest.mark.parametrize("content", [None, b"\xff\xfe\x00"])
def test_what_is_no_file_of_text_is_refused(content: bytes | None, tmp_path: Path) -> None:
    path = tmp_path / "x.toml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ExperimentWrong, match="1 error:\n  it (can't be read|is not TOML)"):
        read_experiment(path)


def test_designs_are_frozen() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        Training().batch = 3  # type: ignore[misc]
    with pytest.raises(ValidationError, match="frozen"):
        FoldDesign().folds = 3  # type: ignore[misc]


def test_seeds_are_names_of_folders_and_so_not_below_zero() -> None:
    with pytest.raises(ValidationError, match="seeds"):
        Experiment(seeds=(-1,))
