"""`earwitness`: the one command. Data goes to stdout, news to stderr, known errors end in one sentence."""

from __future__ import annotations

import signal
import sys
from importlib import import_module

import click

from app.cli.say import describe, known

COMMANDS = (
    "demo",
    "corpus",
    "sounds",
    "init",
    "plan",
    "pairs",
    "media",
    "rehearse",
    "serve",
    "run",
    "hits",
    "payouts",
    "judgments",
    "certify",
    "whitelist",
    "report",
    "release",
    "train",
    "evaluate",
    "experiment",
    "tune",
    "nets",
    "predict",
    "attack",
    "db",
    "researcher",
    "workers",
    "marketplace",
)


class InTheOrderOfTheData(click.Group):
    """A group whose commands are loaded when they are asked for, and listed in the order of the data."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """The nouns and verbs of the command, from speech to attack."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """The command in the file of its name."""
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = getattr(import_module(f"app.cli.{cmd_name}"), cmd_name)
        return command


@click.group(
    cls=InTheOrderOfTheData, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@click.version_option(package_name="earwitness")
def earwitness() -> None:
    """Did the noise change what people hear?

    earwitness makes original/noisy pairs of emotional speech, puts them before listeners as paid tasks, and turns
    their judgments into a perception-safe whitelist of noise conditions. `earwitness demo` shows all of it on sound
    made here.
    """


def main() -> None:
    """Run the command; known errors become one sentence and exit code 1, unknown ones keep their traceback."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # stop as on Ctrl-C: what was started is stopped too
    try:
        code = earwitness.main(standalone_mode=False)
    except click.exceptions.Exit as error:
        sys.exit(error.exit_code)
    except click.Abort:
        click.echo("Stopped.", err=True)
        sys.exit(130)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except Exception as error:
        if not known(error):
            raise
        click.echo(f"Error: {describe(error)}", err=True)
        sys.exit(1)
    sys.exit(code if isinstance(code, int) else 0)
