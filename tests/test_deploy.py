"""What docs/serving ships is held to the product: commands parse, settings are known, proxies pass what is believed."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from app.cli.main import COMMANDS, earwitness
from app.cli.serve import KEEPALIVE_S
from app.marketplace.factory import GREATEST_REQUEST_BYTES
from app.settings import Settings, read_settings

ROOT = Path(__file__).parent.parent
SHIPPED = ROOT / "docs" / "serving"
UNITS = sorted(path.name for path in SHIPPED.glob("*.service"))
HOW_TOS = ("debian.md", "containers.md")
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))

#: What is read by others than us: botocore, the compose file itself, pip.
OTHERS = {"AWS_CA_BUNDLE", "SITE", "STUDY", "STUDY_USER", "POSTGRES_PASSWORD", "PIP_EXTRA_INDEX_URL"}


def shipped(name: str) -> str:
    return (SHIPPED / name).read_text(encoding="utf-8")


def unit(name: str) -> list[tuple[str, str]]:
    """The lines of a unit, in their order; names may stand several times."""
    lines = [line for line in shipped(name).splitlines() if "=" in line and not line.startswith("#")]
    return [(line.partition("=")[0], line.partition("=")[2]) for line in lines]


def compose() -> dict[str, Any]:
    return dict(yaml.safe_load(shipped("compose.yaml")))


def variables(name: str) -> dict[str, str]:
    """What an environment file sets, also what it only offers."""
    return dict(re.findall(r"^#?([A-Z][A-Z0-9_]+)=(.*)$", shipped(name), re.MULTILINE))


def words_of_ours(line: str) -> Iterator[list[str]]:
    """Every call of `earwitness` in a line of a shell, a unit or a how-to, without its name."""
    flat = line.replace("'", " ").replace('"', " ").replace("%%", "%")
    for call in re.split(r"&&|;|\|", re.sub(r"\$\([^)]*\)", "today", flat)):
        words = shlex.split(call, comments=True)
        named = [at for at, word in enumerate(words[:-1]) if Path(word).name in ("earwitness", "earwitness-served")]
        called = [at for at in named if words[at + 1] in COMMANDS and not words[at - 1].startswith("--")]
        if called:
            yield words[called[0] + 1 :]


def parse(words: list[str]) -> click.Context:
    """Read a command as `earwitness` would, and do nothing."""
    command: click.Command = earwitness
    context = click.Context(earwitness)
    while isinstance(command, click.Group):
        name, *words = words
        found = command.get_command(context, name)
        assert found is not None, f"there is no command {name}"
        command, context = found, click.Context(found, parent=context, info_name=name)
    asked = [f"--{one.name}=given" for one in command.params if getattr(one, "prompt", None)]  # else a person is asked
    command.parse_args(context, [*words, *asked])
    return context


def lines_with_commands() -> Iterator[tuple[str, str]]:
    for name in UNITS:
        yield from ((name, value) for key, value in unit(name) if key.startswith("Exec"))
    yield "Containerfile", " ".join(yaml.safe_load(re.findall(r"^CMD (.*)$", shipped("Containerfile"), re.M)[0]))
    for name in HOW_TOS:
        for block in re.findall(r"```sh\n(.*?)```", shipped(name), re.DOTALL):
            yield from ((name, line) for line in block.splitlines())


def test_every_command_that_is_shipped_is_one_of_ours_with_options_that_it_has(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    found: dict[str, list[str]] = {}
    for name, line in lines_with_commands():
        for backup in re.findall(r"[\w-]+\.zip", line):
            (tmp_path / backup).touch()
        for words in words_of_ours(line.replace("/var/lib/earwitness/", "").replace("backups/", "")):
            try:
                found.setdefault(name, []).append(parse(words).command_path)
            except click.ClickException as error:
                raise AssertionError(f"{name}: {line}: {error.format_message()}") from error
    assert "db upgrade" in found["earwitness.service"]
    assert set(found) == {*UNITS, "Containerfile", *HOW_TOS}
    for name in ("earwitness.service", "Containerfile"):
        assert found[name] == ["db upgrade", "serve"]  # in this order
    assert found["earwitness-backup.service"] == ["db backup", "db backup"]


def test_every_variable_that_is_shipped_is_one_that_somebody_reads() -> None:
    known = {name.upper() for name in Settings.model_fields}
    in_compose = {name for service in compose()["services"].values() for name in service.get("environment", {})}
    ours = variables("earwitness.env").keys() | variables("compose.env").keys() | in_compose
    assert ours - known - OTHERS == {"POSTGRES_USER", "EARWITNESS_APP"}  # PostgreSQL's image, and the Caddyfile
    for name in variables("compose.env").keys() & OTHERS:
        assert f"${{{name}" in shipped("compose.yaml"), f"{name} is asked for, and nobody reads it"
    assert "{$EARWITNESS_APP:" in shipped("Caddyfile")
    assert "{$SITE:" in shipped("Caddyfile")


def test_the_settings_that_are_shipped_are_right_as_they_stand() -> None:
    settings = read_settings({**variables("earwitness.env")})
    assert settings.public_url == "https://study.example.org"
    assert settings.earwitness_proxies == 1
    assert settings.database_url != settings.marketplace_database_url  # both have a table of hits
    in_app = compose()["services"]["app"]["environment"]
    assert in_app["EARWITNESS_PROXIES"] == "1"
    assert in_app["PUBLIC_URL"].startswith("https://${SITE")


def test_variables_that_compose_fills_in_are_in_its_model_or_have_a_default() -> None:
    named = re.findall(r"\$\{([A-Z_]+)(:-)?", shipped("compose.yaml"))
    assert {name for name, default in named if not default} <= variables("compose.env").keys()


def test_the_unit_writes_nothing_but_the_study_and_runs_as_nobody_else() -> None:
    said = dict(unit("earwitness.service"))
    assert said["User"] == "earwitness"
    assert said["NoNewPrivileges"] == "yes"
    assert said["ProtectSystem"] == "strict"
    assert said["ReadWritePaths"] == "/var/lib/earwitness"
    assert said["CapabilityBoundingSet"] == ""
    assert "--host 127.0.0.1" in said["ExecStart"]  # else X-Forwarded-For could be anybody's word


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="there is no systemd-analyze")
def test_systemd_understands_the_units(tmp_path: Path) -> None:
    for name in ("earwitness.service", "earwitness-backup.service", "earwitness-backup.timer"):
        text = shipped(name).replace("/opt/earwitness/bin/earwitness", "/bin/true")
        (tmp_path / name).write_text(text, encoding="utf-8")
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *sorted(tmp_path.glob("earwitness*"))],
        env={**os.environ, "SYSTEMD_LOG_LEVEL": "warning"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    complaints = [line for line in done.stderr.splitlines() if "earwitness" in line]
    assert complaints == []
    assert done.returncode == 0, done.stderr


def test_the_proxies_pass_host_and_address_pack_no_page_and_note_no_link() -> None:
    port = re.findall(r"--port (\d+)", shipped("earwitness.service"))[0]
    nginx, caddy = shipped("nginx.conf"), shipped("Caddyfile")
    for line in (
        f"proxy_pass http://127.0.0.1:{port};",
        "proxy_set_header Host $http_host;",
        "proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;",
        "gzip off;",
    ):
        assert nginx.count(f"    {line}") == 1, line
    assert nginx.count("access_log off;") == nginx.count("server {") == 2
    assert "error_log /var/log/nginx/error.log crit;" in nginx
    most = int(re.findall(r"client_max_body_size (\d+)m;", nginx)[0]) * 2**20
    assert most > GREATEST_REQUEST_BYTES
    assert f"EARWITNESS_APP:127.0.0.1:{port}" in caddy
    assert "exclude http.log.error" in caddy
    directives = {line.split()[0] for line in caddy.splitlines() if line.strip() and not line.strip().startswith("#")}
    assert not directives & {"encode", "trusted_proxies", "header_up", "handle_path", "log_credentials"}
    assert int(re.findall(r"keepalive (\d+)s", caddy)[0]) < KEEPALIVE_S
    for text in (nginx, caddy):
        assert "Strict-Transport-Security max-age=31536000" in text


def test_only_caddy_can_be_reached_from_outside_the_compose_file() -> None:
    services = compose()["services"]
    assert {name for name, service in services.items() if "ports" in service} == {"caddy"}
    assert compose()["networks"]["inside"]["internal"]
    assert services["database"]["networks"] == ["inside"]
    app = services["app"]
    assert services["caddy"]["environment"]["EARWITNESS_APP"] == "app:8000"
    assert "serve --host 0.0.0.0 --port 8000" in shipped("Containerfile")
    assert "127.0.0.1:8000/healthz" in app["healthcheck"]["test"][-1]
    assert app["read_only"]
    assert app["cap_drop"] == ["ALL"]


def test_everything_that_the_compose_file_names_is_there() -> None:
    whole = compose()
    for name, service in whole["services"].items():
        assert "healthcheck" in service, name
        assert "/" not in service["image"], "an image's name alone: whose registry is the reader's own choice"
        assert set(service.get("depends_on", {})) <= whole["services"].keys()
        assert set(service["networks"]) <= whole["networks"].keys()
        for volume in service.get("volumes", ()):
            source = volume.partition(":")[0]
            if source.startswith("./"):
                assert (SHIPPED / source).is_file(), source
            elif not source.startswith("${"):
                assert source in whole["volumes"], source
    build = whole["services"]["app"]["build"]
    assert (SHIPPED / build["context"]).resolve() == ROOT
    assert (ROOT / build["dockerfile"]).is_file()


def test_the_image_holds_every_package_and_runs_as_nobody_else() -> None:
    text = shipped("Containerfile")
    copied = set(re.findall(r"^COPY (?!--)(.+) \S+$", text, re.MULTILINE))
    for name in PYPROJECT["tool"]["setuptools"]["packages"]["find"]["include"]:
        assert name.rstrip("*") in copied
    for words in copied:
        assert all((ROOT / word).exists() for word in words.split())
    extras = re.findall(r"'\.\[([a-z,]+)\]'", text)[0].split(",")
    assert set(extras) <= PYPROJECT["project"]["optional-dependencies"].keys()
    assert "postgresql" in extras
    assert re.findall(r"^USER (\S+)$", text, re.MULTILINE) == ["1000:1000"]


@pytest.mark.parametrize("how_to", HOW_TOS)
def test_every_file_that_a_how_to_copies_is_shipped(how_to: str) -> None:
    for path in re.findall(r"docs/serving/([\w.-]+)", shipped(how_to)):
        assert (SHIPPED / path).is_file(), path


def test_no_file_names_a_registry() -> None:
    for path in SHIPPED.iterdir():
        assert not re.search(r"docker\.io|ghcr\.io|quay\.io|pypi|pytorch\.org", path.read_text(encoding="utf-8")), path
