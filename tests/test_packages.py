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
    """The unpacked wheel on its own, away from the checkout."""
    place = tmp_path_factory.mktemp("installed")
    zipfile.ZipFile(wheel).extractall(place)
    return place


def test_the_installed_command_makes_a_study_and_its_tables(
    installed: Path, tmp_path: Path, demo_folders: tuple[Path, Path]
) -> None:
    speech, sounds = demo_folders
    command = ("-m", "app.cli", "init", "s", "--corpus", f"demo={speech}", "--sounds", f"demo={sounds}")
    made = run("-P", *command, cwd=tmp_path, PYTHONPATH=str(installed))
    assert made.returncode == 0, made.stderr
    upgraded = run("-P", "-m", "app.cli", "db", "upgrade", "--study", "s", cwd=tmp_path, PYTHONPATH=str(installed))
    assert upgraded.returncode == 0, upgraded.stderr
    assert "revision" in upgraded.stderr


@pytest.mark.parametrize("name", ["app", "models"])
def test_a_foreign_package_of_the_same_name_is_named_in_a_sentence(name: str, tmp_path: Path, installed: Path) -> None:
    (tmp_path / name).mkdir()
    (tmp_path / name / "__init__.py").write_text("")
    script = installed.glob("*.data/scripts/earwitness")
    done = run(str(next(script)), "certify", cwd=tmp_path, PYTHONPATH=f"{tmp_path}:{installed}")
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
