"""The real server behind a proxy that ends TLS: who asks is counted by address, and no header makes anybody another."""

from __future__ import annotations

import os
import re
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from threading import Thread

import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from requests.adapters import HTTPAdapter

from app.settings import SettingsWrong, read_settings
from app.store.people import set_password
from app.study import CorpusPlace, SoundsPlace, Study, write_study
from app.wiring import wire

ARRIVALS = 10
PASSWORD = "a long enough password"


def sign_for_this_machine(folder: Path) -> tuple[Path, Path]:
    """A certificate that nobody but the test believes, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    files = folder / "certificate.pem", folder / "key.pem"
    files[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    kind, plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    files[1].write_bytes(key.private_bytes(serialization.Encoding.PEM, kind, plain))
    return files


class TlsProxy(ThreadingHTTPServer):
    """What nginx does before the server, as docs/serving/nginx.conf tells it to: TLS ends here, Host stays as it came,
    and X-Forwarded-For gets whom it answers at its end."""

    daemon_threads = True

    def __init__(self, folder: Path) -> None:
        super().__init__(("127.0.0.1", 0), _PassOn)
        self.certificate, key = sign_for_this_machine(folder)
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(self.certificate, key)
        self.socket = context.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)
        self.behind = 0  # the port of the server, once it is known

    @property
    def url(self) -> str:
        """Where people come."""
        return f"https://127.0.0.1:{self.server_port}"


class _PassOn(BaseHTTPRequestHandler):
    server: TlsProxy

    def _pass_on(self) -> None:
        headers = {name: value for name, value in self.headers.items() if name.lower() != "connection"}
        claimed = self.headers.get("X-Forwarded-For")
        headers["X-Forwarded-For"] = f"{claimed}, {self.client_address[0]}" if claimed else self.client_address[0]
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        line = HTTPConnection("127.0.0.1", self.server.behind, timeout=30)
        line.request(self.command, self.path, body, headers)
        answer = line.getresponse()
        content = answer.read()
        self.send_response_only(answer.status, answer.reason)
        for name, value in answer.getheaders():
            if name.lower() not in ("connection", "transfer-encoding", "content-length"):
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)
        line.close()

    do_GET = do_POST = _pass_on  # noqa: N815  # the library's own names

    def log_message(self, *_words: object) -> None:
        """Nothing is noted."""


class From(HTTPAdapter):
    """Requests that come from one of this machine's own addresses."""

    def __init__(self, address: str) -> None:
        self.address = address
        super().__init__()

    def init_poolmanager(self, *words: object, **settings: object) -> None:
        super().init_poolmanager(*words, **settings, source_address=(self.address, 0))


@dataclass(frozen=True)
class Behind:
    """A study behind a proxy."""

    url: str
    port: int
    certificate: Path
    said: str

    def somebody(self, address: str = "127.0.0.1") -> requests.Session:
        """A browser at an address."""
        session = requests.Session()
        session.trust_env = False  # which may name other authorities
        session.verify = str(self.certificate)
        session.mount("https://", From(address))
        return session


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@pytest.fixture(scope="module")
def behind(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Behind]:
    """`earwitness serve` as the unit starts it, with settings as in earwitness.env, and the proxy before it."""
    folder = tmp_path_factory.mktemp("served")
    (folder / "marketplace.db").touch()
    places = {"corpus": CorpusPlace(name="demo", path=folder), "sounds": SoundsPlace(name="demo", path=folder)}
    (folder / "study.toml").write_text(write_study(Study(**places)), encoding="utf-8")
    proxy = TlsProxy(folder)
    proxy.behind = free_port()
    Thread(target=proxy.serve_forever, daemon=True).start()
    environment = {
        "PUBLIC_URL": proxy.url,
        "EARWITNESS_PROXIES": "1",
        "EARWITNESS_WEB_WORKERS": "1",
        "EARWITNESS_ARRIVALS_PER_MINUTE": str(ARRIVALS),
        "FORWARDED_ALLOW_IPS": "*",  # gunicorn's own, which must not matter
    }
    words = ["serve", "--no-run", f"--study={folder}", "--host=127.0.0.1", f"--port={proxy.behind}"]
    said = folder / "said"
    with said.open("w") as log:
        server = subprocess.Popen(
            [sys.executable, "-P", "-m", "app.cli", *words], env={**os.environ, **environment}, stdout=log, stderr=log
        )
        try:
            _wait_until_it_answers(proxy.behind, server, said)
            database = wire(folder, read_settings({})).database
            with database.writing() as session:
                set_password(session, "ada", PASSWORD)
            database.dispose()
            yield Behind(proxy.url, proxy.behind, proxy.certificate, said.read_text())
        finally:
            server.terminate()
            server.wait(timeout=30)
            proxy.shutdown()
            proxy.server_close()


def _wait_until_it_answers(port: int, server: subprocess.Popen[bytes], said: Path) -> None:
    for _ in range(1800):
        assert server.poll() is None, said.read_text()
        try:
            if requests.get(f"http://127.0.0.1:{port}/healthz", timeout=2).ok:
                return
        except (requests.ConnectionError, requests.Timeout):
            time.sleep(0.1)
    raise AssertionError(said.read_text())


def arrive(somebody: requests.Session, behind: Behind, **headers: str) -> int:
    """Ask for the welcome page; the status of the answer."""
    return somebody.get(f"{behind.url}/annotate/", headers=headers, timeout=30).status_code


def test_who_claims_another_address_each_time_is_counted_by_its_own(behind: Behind) -> None:
    one, other = behind.somebody("127.0.0.2"), behind.somebody("127.0.0.3")
    claims = [{"X-Forwarded-For": f"192.0.2.{number}", "X-Real-IP": "192.0.2.9"} for number in range(ARRIVALS + 1)]

    answers = [arrive(one, behind, **{**claim, "Forwarded": "for=192.0.2.9"}) for claim in claims]

    assert answers[-1] == 429
    assert 429 not in answers[:-1]
    assert arrive(other, behind) != 429  # told from the first, though both come by the proxy
    assert arrive(other, behind, **{"X-Forwarded-For": "127.0.0.2"}) != 429


def test_a_wrong_password_is_noted_with_the_address_that_the_proxy_saw(behind: Behind) -> None:
    mallory = behind.somebody("127.0.0.4")
    for _ in range(8):
        assert _sign_in(mallory, behind, "a wrong password", name="grace", claimed="127.0.0.5").status_code == 401
    assert _sign_in(mallory, behind, "a wrong password", name="alan", claimed="192.0.2.4").status_code == 429
    assert _sign_in(behind.somebody("127.0.0.5"), behind, PASSWORD).status_code == 303


def _sign_in(
    somebody: requests.Session, behind: Behind, password: str, name: str = "ada", claimed: str = "192.0.2.5"
) -> requests.Response:
    page = somebody.get(f"{behind.url}/login", timeout=30)
    token = re.search(r'name="csrf_token" value="([^"]+)"', page.text)
    assert token is not None
    return somebody.post(
        f"{behind.url}/login",
        data={"csrf_token": token[1], "name": name, "password": password},
        headers={"Referer": f"{behind.url}/login", "X-Forwarded-For": claimed},
        allow_redirects=False,
        timeout=30,
    )


def test_a_researcher_signs_in_over_https_with_a_cookie_that_never_goes_without(behind: Behind) -> None:
    ada = behind.somebody()
    entered = _sign_in(ada, behind, PASSWORD)
    assert entered.status_code == 303
    assert entered.headers["Location"] == "/"
    assert {word.strip() for word in entered.headers["Set-Cookie"].split(";")} >= {"Secure", "HttpOnly", "SameSite=Lax"}
    assert ada.get(f"{behind.url}/", timeout=30).url == f"{behind.url}/"  # not sent to sign in again
    assert "earwitness=" not in ada.get(f"{behind.url}/annotate/", timeout=30).headers.get("Set-Cookie", "")


@pytest.mark.parametrize(
    "claims",
    [{}, {"X-Forwarded-Proto": "http"}, {"X-Forwarded-Host": "evil.example"}, {"SCRIPT_NAME": "/marketplace"}],
    ids=str,
)
@pytest.mark.parametrize("path", ["/marketplace", "/marketplace/", "/annotate", "/workers", "/login/"])
def test_redirects_stay_where_people_are_whatever_is_claimed(behind: Behind, path: str, claims: dict[str, str]) -> None:
    answer = behind.somebody("127.0.0.6").get(f"{behind.url}{path}", headers=claims, allow_redirects=False, timeout=30)
    to = answer.headers.get("Location", "/")
    assert to.startswith((f"{behind.url}/", "/"))
    assert not to.startswith("//")
    assert answer.status_code < 500


def test_the_links_that_the_server_prints_are_the_public_ones(behind: Behind) -> None:
    assert f"{behind.url}/sign-in/" in behind.said
    assert f"{behind.url}/marketplace/invite/" in behind.said
    assert "EARWITNESS_PROXIES" not in behind.said


def test_a_public_url_below_a_path_is_refused() -> None:
    assert read_settings({"PUBLIC_URL": "https://lab.example:8443/"}).public_url == "https://lab.example:8443/"
    with pytest.raises(SettingsWrong, match="PUBLIC_URL: found 'https://lab.example/study'"):
        read_settings({"PUBLIC_URL": "https://lab.example/study"})
