"""`earwitness serve`: the pages, the marketplace, and the one pair of hands beside them."""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from app.cli.opening import opened
from app.cli.say import study_option, tell

if TYPE_CHECKING:
    from app.settings import Settings
    from app.wiring import Wired


THREADS = 12  # of each process; most wait for a line
SWITCH_S = 0.0005  # so long a thread that is back from the database waits for another that makes a page
SILENT_S = 30  # how long a line is kept for whoever opened it, until something is asked on it
KEEPALIVE_S = 5  # a page, its scripts and both clips come over one line
HANDS_REST_S = 5  # before `earwitness run` is started again

NOBODY_NAMED = (
    "PUBLIC_URL is https, so a reverse proxy stands before this server, but EARWITNESS_PROXIES is 0: everybody seems "
    "to come from the proxy's own address, and is counted as one. Set it to how many there are (docs/serving.md)"
)


class PortTaken(OSError):
    """Another program listens where the server should."""

    def __init__(self, host: str, port: int, why: str) -> None:
        super().__init__(
            f"the server can't listen on {host}:{port} ({why}); stop what runs there, or choose another with --port"
        )


@click.command(short_help="Bring up pages, dashboard and marketplace.")
@study_option
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on; 0.0.0.0 for every one.")
@click.option("--port", type=click.IntRange(1, 65535), default=8000, show_default=True, help="Port to listen on.")
@click.option("--no-run", is_flag=True, help="Leave `earwitness run` to somebody else.")
def serve(study: Path, host: str, port: int, no_run: bool) -> None:
    """Bring up the annotator's pages, the researcher's dashboard and the marketplace, until Ctrl-C.

    `earwitness run` is started beside them, so that HITs are collected and paid. Set PUBLIC_URL when workers reach
    this server under another address than the one it listens on.
    """
    require_port(host, port)
    with opened(study) as wired:
        url = (wired.settings.public_url or f"http://{_shown(host)}:{port}").rstrip("/")
        begin(wired, url)
        settings = wired.settings
    with contextlib.nullcontext() if no_run else hands_at_work(study):
        listen(study, settings, host, port, url)


def begin(wired: Wired, url: str) -> None:
    """Open the marketplace, remember where the server is, and say where to go."""
    from app.store.events import keep_fact
    from app.store.people import make_link
    from app.wiring import MARKETPLACE_PATH, open_marketplace

    keys = open_marketplace(wired)
    with wired.database.writing() as session:
        keep_fact(session, "server", {"url": url, "since": datetime.now(UTC).isoformat()})
        token = make_link(session, "researcher")
    if url.startswith("https:") and not wired.settings.earwitness_proxies:
        tell(NOBODY_NAMED)
    tell(f"Dashboard (signs you in once): {url}/sign-in/{token}")
    tell(f"Invite link for workers:       {url}{MARKETPLACE_PATH}/invite/{keys.invite}")


def _shown(host: str) -> str:
    """An address that a browser on this machine can open."""
    if host in ("0.0.0.0", "::"):  # noqa: S104 -- compared, not bound
        return "127.0.0.1"
    return f"[{host}]" if ":" in host else host


def require_port(host: str, port: int) -> None:
    """Refuse a port that is taken, before anything is started.

    Raises:
        PortTaken: with who is to blame as far as the system says.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            why = "another program listens there" if error.errno == errno.EADDRINUSE else str(error.strerror or error)
            raise PortTaken(host, port, why) from error


@contextlib.contextmanager
def hands_at_work(study: Path) -> Iterator[None]:
    """`earwitness run` as a process of its own for as long as the block lasts, started again should it die."""
    over, ours = threading.Event(), os.getpid()
    command = [sys.executable, "-P", "-m", "app.cli", "run", "--study", str(study)]
    going = [subprocess.Popen(command)]  # noqa: S603

    def watch() -> None:
        while True:
            going[0].wait()
            if over.wait(HANDS_REST_S):
                return
            tell("earwitness run had ended; it is started again")
            going[0] = subprocess.Popen(command)  # noqa: S603

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        if os.getpid() == ours:  # processes that were forked to answer pages leave the block too, each when it ends
            over.set()
            going[0].terminate()
            watcher.join(timeout=30)


def accept_late(server: Any) -> None:
    """Let the kernel keep lines on which nothing was asked yet: browsers open them ahead, and each would hold a thread.

    Args:
        server: gunicorn's arbiter, which listens by now.
    """
    if hasattr(socket, "TCP_DEFER_ACCEPT"):  # Linux
        for listener in server.LISTENERS:
            listener.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_DEFER_ACCEPT, SILENT_S)


def listen(study: Path, settings: Settings, host: str, port: int, url: str) -> None:
    """Answer pages until the process is told to stop."""
    from gunicorn.app.base import BaseApplication

    from app.proxies import NOTHING_BELIEVED
    from app.wiring import WsgiApp, load_pages, make_wsgi

    class Server(BaseApplication):  # type: ignore[misc]
        """gunicorn, configured in code."""

        def load_config(self) -> None:
            """Threads in each process, so that a phone that sends or reads slowly does not hold up all others."""
            for name, value in {
                "bind": f"[{host}]:{port}" if ":" in host else f"{host}:{port}",
                "workers": settings.earwitness_web_workers,
                "worker_class": "gthread",
                "threads": THREADS,
                "keepalive": KEEPALIVE_S,
                "when_ready": accept_late,
                "timeout": 60,
                "graceful_timeout": 10,
                "loglevel": "warning",
                "proc_name": "earwitness",
                "worker_tmp_dir": "/dev/shm" if os.path.isdir("/dev/shm") else None,  # noqa: S108, PTH112
                "control_socket_disable": True,
                **NOTHING_BELIEVED,
            }.items():
                if name in self.cfg.settings:
                    self.cfg.set(name, value)

        def load(self) -> WsgiApp:
            """The application, made in each worker after the fork: no connection is shared."""
            sys.setswitchinterval(SWITCH_S)  # each statement is such a wait, and SQLite has one writer
            return make_wsgi(study, settings, url)

    load_pages()
    Server().run()
