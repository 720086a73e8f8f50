"""The installed package works by itself, whatever else lies on the path."""

from __future__ import annotations

import importlib.metadata
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import boto3
import pytest

ROOT = Path(__file__).parent.parent


def run(*words: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *words],
        cwd=cwd,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=300,
    )


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from a copy, so that the checkout stays clean."""
    copy = tmp_path_factory.mktemp("source")
    names = ["app", "pipelines", "hits", "analysis", "models", "migrations", "pyproject.toml", "README.md", "LICENSE"]
    subprocess.run(["cp", "-r", *(str(ROOT / name) for name in names), str(copy)], check=True)
    out = tmp_path_factory.mktemp("dist")
    command = ["-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir", str(out), str(copy)]
    done = run(*command, cwd=copy)
    assert done.returncode == 0, done.stderr
    return next(out.glob("*.whl"))


def test_templates_static_files_and_migrations_are_in_the_wheel(wheel: Path) -> None:
    inside = set(zipfile.ZipFile(wheel).namelist())
    for package in ("app", "analysis", "models"):
        for folder in ("templates", "static"):
            for file in (ROOT / package / folder).rglob("*.*"):
                assert file.relative_to(ROOT).as_posix() in inside
    for branch in ("study", "marketplace"):
        assert f"migrations/{branch}/env.py" in inside
        assert any(name.startswith(f"migrations/{branch}/versions/0") for name in inside)


def test_nothing_but_the_six_packages_is_in_the_wheel(wheel: Path) -> None:
    top = {name.split("/")[0] for name in zipfile.ZipFile(wheel).namelist()}
    assert {name for name in top if not name.endswith((".dist-info", ".data"))} == {
        "app",
        "pipelines",
        "hits",
        "analysis",
        "models",
        "migrations",
    }


@pytest.fixture(scope="session")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The `bin` of an environment into which nothing but the wheel was installed; its dependencies are lent to it."""
    place = tmp_path_factory.mktemp("environment")
    made = run("-m", "venv", "--without-pip", str(place), cwd=place)
    assert made.returncode == 0, made.stderr
    python = place / "bin" / "python"
    done = run("-m", "pip", "--python", str(python), "install", "--quiet", "--no-deps", str(wheel), cwd=place)
    assert done.returncode == 0, done.stderr
    own = next(place.glob("lib/python3*/site-packages"))
    lent = Path(pytest.__file__).parents[1]
    (own / "lent.pth").write_text(f"{lent}\n")  # below its own; what is editable there stays out
    return place / "bin"


def test_the_installed_command_makes_a_study_and_its_tables(
    installed: Path, tmp_path: Path, demo_folders: tuple[Path, Path]
) -> None:
    speech, sounds = demo_folders
    command = [str(installed / "earwitness")]
    for words in (
        ["init", "s", "--corpus", f"demo={speech}", "--sounds", f"demo={sounds}", "--clips", "1"],
        ["db", "upgrade", "--study", "s"],
        ["pairs", "make", "--study", "s", "--jobs", "1"],
    ):
        done = subprocess.run([*command, *words], cwd=tmp_path, capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, done.stderr
    assert (tmp_path / "s" / "study.db").exists()


def test_the_installed_pages_find_their_templates_and_static_files(installed: Path, tmp_path: Path) -> None:
    script = "import app.web, analysis, models; from pathlib import Path; print(Path(app.web.__file__).parent)"
    done = subprocess.run([str(installed / "python"), "-P", "-c", script], capture_output=True, text=True, timeout=120)
    home = Path(done.stdout.strip())
    assert home.is_relative_to(installed.parent)
    assert (home / "templates" / "base.html").exists()
    assert (home / "static" / "earwitness.css").exists()


@pytest.mark.parametrize("name", ["app", "models"])
def test_a_foreign_package_of_the_same_name_is_named_in_a_sentence(name: str, tmp_path: Path, installed: Path) -> None:
    (tmp_path / name).mkdir()
    (tmp_path / name / "__init__.py").write_text("")
    command = [str(installed / "earwitness"), "certify"]
    everything = {**os.environ, "PYTHONPATH": str(tmp_path)}
    done = subprocess.run(command, cwd=tmp_path, env=everything, capture_output=True, text=True, timeout=120)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert f"found the package {name!r} in {tmp_path / name}, which is not its own" in done.stderr


def test_a_foreign_package_in_the_folder_one_stands_in_does_no_harm(tmp_path: Path) -> None:
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "__init__.py").write_text("raise RuntimeError('the wrong app')")
    done = run("-P", "-m", "app.cli", "--help", cwd=tmp_path)
    assert done.returncode == 0, done.stderr


def test_boto3_still_has_the_mturk_client() -> None:
    assert "mturk" in boto3.Session().get_available_services()


def test_the_version_is_the_packages() -> None:
    done = run("-m", "app.cli", "--version", cwd=ROOT)
    assert importlib.metadata.version("earwitness") in done.stdout
