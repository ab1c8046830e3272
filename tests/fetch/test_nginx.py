"""Hotlink protection by a real nginx: every rule and every answer that servers refuse with."""

from __future__ import annotations

import base64
import hashlib
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from collector.fetch.hotlink_probe import FOREIGN, Finding, State, Subject, classify, looks_signed, probe, survey
from collector.fetch.hotlink_probe import Look as Seen
from collector.http.curl_transport import CurlDownload
from collector.http.transport import Ask, FetchError
from collector.model import Downloaded, DownloadFailed
from collector.settings import FetchSettings
from tests.support.misbehaving import picture

UNPACKED = Path(sys.prefix) / "nginx" / "usr" / "sbin"
"""Where `scripts/setup.sh` puts it when the system has none."""
NGINX = shutil.which("nginx") or shutil.which("nginx", path=f"/usr/sbin:/usr/local/sbin:/opt/homebrew/bin:{UNPACKED}")
needs_nginx = pytest.mark.skipif(NGINX is None, reason="nginx is not installed (apt-get install nginx-light)")

PORTS = ("foreign", "own", "none", "galleries", "open", "agent", "fetchmeta", "cookie", "limited", "signed")
PAGE = "http://www.example.org/galleries/1"
ONE, TWO, THREE = (picture(size=(400, height)) for height in (300, 301, 302))
STAND_IN = picture("PNG", (80, 60))


@dataclass(frozen=True)
class Nginx:
    """A running one."""

    ports: dict[str, int]

    def url(self, rule: str, path: str = "/1.jpg") -> str:
        return f"http://127.0.0.1:{self.ports[rule]}{path}"


@pytest.fixture(scope="module")
def nginx(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nginx]:
    assert NGINX is not None
    folder = tmp_path_factory.mktemp("nginx")
    (folder / "files" / "s").mkdir(parents=True)
    for name, body in (
        ("1.jpg", ONE),
        ("2.jpg", TWO),
        ("3.jpg", THREE),
        ("nohotlink.png", STAND_IN),
        ("s/1.png", STAND_IN),
    ):
        (folder / "files" / name).write_bytes(body)
    (folder / "files" / "index.html").write_text("<!doctype html><title>Home</title>")
    ports = free_ports()
    text = (Path(__file__).parent / "nginx.conf").read_text(encoding="utf-8").replace("{folder}", str(folder))
    for name, port in ports.items():
        text = text.replace("{" + name + "}", str(port))
    (folder / "nginx.conf").write_text(text)
    command = [NGINX, "-p", str(folder), "-c", str(folder / "nginx.conf"), "-e", str(folder / "error.log")]
    running = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for(ports["signed"], running, folder / "error.log")
        yield Nginx(ports)
    finally:
        running.terminate()
        running.wait(10)


def free_ports() -> dict[str, int]:
    """All at once, so that they differ."""
    holders = [socket.create_server(("127.0.0.1", 0)) for _ in PORTS]
    ports = [holder.getsockname()[1] for holder in holders]
    for holder in holders:
        holder.close()
    return dict(zip(PORTS, ports, strict=True))


def wait_for(port: int, running: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(200):
        assert running.poll() is None, log.read_text() if log.exists() else "nginx did not start"
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError("nginx does not answer")


@pytest.fixture
def download() -> Iterator[CurlDownload]:
    made = CurlDownload(FetchSettings(allow_private=True, read_timeout=5, deadline=10))
    yield made
    made.close()


Fetch = Callable[..., Downloaded | DownloadFailed]


def came(value: Downloaded | DownloadFailed) -> str:
    """Which picture came, or the reason why none did."""
    if isinstance(value, DownloadFailed):
        return value.reason
    names = {hashlib.sha256(body).hexdigest(): name for name, body in (("1", ONE), ("2", TWO), ("3", THREE))}
    return names.get(value.picture.sha256, "stand-in")


# --------------------------------------------------------------------------- the ladder


@needs_nginx
@pytest.mark.parametrize("answer", ["403", "404", "410", "444", "page", "picture"])
def test_every_answer_to_a_foreign_page_is_got_over(nginx: Nginx, fetch: Fetch, answer: str) -> None:
    for number in "123":
        assert came(fetch(nginx.url("foreign", f"/{answer}/{number}.jpg"), page=PAGE)) == number


@needs_nginx
@pytest.mark.parametrize("answer", ["wrong", "stub"])
def test_another_picture_with_status_200_is_known_by_the_claimed_size(nginx: Nginx, fetch: Fetch, answer: str) -> None:
    for number in "123":
        value = fetch(nginx.url("foreign", f"/{answer}/{number}.jpg"), page=PAGE, width=400, height=300)
        assert came(value) == number


@needs_nginx
@pytest.mark.parametrize("answer", ["wrong", "stub"])
def test_without_a_claim_it_is_known_when_it_comes_again(nginx: Nginx, fetch: Fetch, answer: str) -> None:
    found = [came(fetch(nginx.url("foreign", f"/{answer}/{number}.jpg"), page=PAGE)) for number in "123"]
    assert found == ["stand-in", "2", "3"]


@needs_nginx
@pytest.mark.parametrize("rule", ["own", "none", "galleries", "open", "agent", "fetchmeta"])
def test_every_rule_is_met(nginx: Nginx, fetch: Fetch, rule: str) -> None:
    assert came(fetch(nginx.url(rule), page=PAGE)) == "1"
    assert came(fetch(nginx.url(rule, "/2.jpg"), page=PAGE)) == "2"


@needs_nginx
def test_what_is_not_there_is_not_asked_for_for_ever(nginx: Nginx, fetch: Fetch) -> None:
    assert came(fetch(nginx.url("open", "/no.jpg"), page=PAGE)) == "http.404"
    assert came(fetch(nginx.url("galleries"), page="http://www.example.org/other")) == "http.403"


@needs_nginx
def test_cookies_of_the_page_are_sent(nginx: Nginx, fetch: Fetch) -> None:
    assert came(fetch(nginx.url("cookie"), page=PAGE)) == "http.403"
    assert came(fetch(nginx.url("cookie"), page=PAGE, cookies="a=b; seen=1")) == "1"


def signature(path: str, expires: int) -> str:
    digest = hashlib.md5(f"{expires}{path} s3cret".encode(), usedforsecurity=False).digest()
    return f"{path}?md5={base64.urlsafe_b64encode(digest).decode().rstrip('=')}&expires={expires}"


@needs_nginx
def test_signed_addresses(nginx: Nginx, fetch: Fetch) -> None:
    later, past = int(time.time()) + 600, int(time.time()) - 600
    assert came(fetch(nginx.url("signed", signature("/1.jpg", later)), page=PAGE)) == "1"
    assert came(fetch(nginx.url("signed", "/1.jpg"), page=PAGE)) == "http.403"
    assert (
        came(fetch(nginx.url("signed", signature("/1.jpg", later).replace("1.jpg", "2.jpg")), page=PAGE)) == "http.403"
    )
    assert came(fetch(nginx.url("signed", signature("/1.jpg", past)), page=PAGE)) == "http.410"


@needs_nginx
def test_too_many_requests_name_their_wait(nginx: Nginx, fetch: Fetch) -> None:
    found = [fetch(nginx.url("limited", f"/{number}.jpg"), page=PAGE) for number in "1231"]
    refused = [value for value in found if isinstance(value, DownloadFailed)]
    assert {value.reason for value in refused} == {"http.429"}
    assert {value.retry_after for value in refused} == {1.0}


# --------------------------------------------------------------------------- facts that the ladder builds on


TABLE = [
    ("", "200 403 200 403"),
    ("http://127.0.0.1/p", "200 200 200 403"),
    ("https://127.0.0.1:8443/p", "200 200 200 403"),
    ("HTTP://127.0.0.1/", "200 200 200 403"),
    ("http://www.pics.test/p", "200 200 403 403"),
    ("XXXX", "200 403 403 403"),
    ("http://evil.test/", "403 403 403 403"),
    ("http://evil.test/127.0.0.1", "403 403 403 403"),
    ("http://www.example.org/galleries/1", "403 403 403 200"),
    ("http://www.example.org/other", "403 403 403 403"),
]


@needs_nginx
@pytest.mark.parametrize(("referer", "statuses"), TABLE)
def test_valid_referers(nginx: Nginx, download: CurlDownload, referer: str, statuses: str) -> None:
    urls = (nginx.url("foreign", "/403/1.jpg"), nginx.url("own"), nginx.url("none"), nginx.url("galleries"))
    assert " ".join(str(download(Ask(url, referer)).status) for url in urls) == statuses


@needs_nginx
@pytest.mark.parametrize(("agent", "status"), [(None, 200), ("", 403), ("curl/8.0", 403), ("Mozilla/5.0 (X11)", 200)])
def test_the_agent_is_the_one_asked_for(nginx: Nginx, download: CurlDownload, agent: str | None, status: int) -> None:
    assert download(Ask(nginx.url("agent"), agent=agent)).status == status


# --------------------------------------------------------------------------- states


@needs_nginx
@pytest.mark.parametrize(
    ("rule", "path", "state"),
    [
        ("open", "/1.jpg", State.OPEN),
        ("foreign", "/403/1.jpg", State.FOREIGN),
        ("foreign", "/404/1.jpg", State.FOREIGN),
        ("foreign", "/444/1.jpg", State.FOREIGN),
        ("foreign", "/page/1.jpg", State.FOREIGN),
        ("foreign", "/picture/1.jpg", State.FOREIGN),
        ("foreign", "/wrong/1.jpg", State.FOREIGN),
        ("none", "/1.jpg", State.FOREIGN),
        ("own", "/1.jpg", State.REFERER),
        ("agent", "/1.jpg", State.AGENT),
        ("fetchmeta", "/1.jpg", State.OPEN),
        ("cookie", "/1.jpg", State.COOKIE),
        ("galleries", "/1.jpg", State.REFUSED),
        ("open", "/no.jpg", State.GONE),
    ],
)
@pytest.mark.parametrize("known", [True, False])
def test_states(nginx: Nginx, download: CurlDownload, rule: str, path: str, state: State, known: bool) -> None:
    sha256 = hashlib.sha256(ONE).hexdigest() if known else ""
    url = nginx.url(rule, path)
    found = probe(Subject(url, nginx.url(rule, "/index.html"), "seen=1", sha256), download)
    assert found.state is state, found
    assert len(found.tries) <= 5


@needs_nginx
def test_signed_and_limited_states(nginx: Nginx, download: CurlDownload) -> None:
    later, past = int(time.time()) + 600, int(time.time()) - 600
    assert state_of(nginx.url("signed", signature("/1.jpg", later)), download) is State.SIGNED
    assert state_of(nginx.url("signed", signature("/1.jpg", past)), download) is State.SIGNED
    assert State.LIMITED in {state_of(nginx.url("limited"), download) for _ in range(4)}
    assert state_of("http://127.0.0.1:1/1.jpg", download) is State.UNREACHABLE


def state_of(url: str, download: CurlDownload) -> State:
    found: Finding = probe(Subject(url), download)
    return found.state


def test_states_are_named_from_looks_alone() -> None:
    right, other, no = Seen(200, "a"), Seen(200, "b"), Seen(403)
    assert classify({"foreign": right}, "") is None
    assert classify({"foreign": right, "bare": right}, "a") is State.OPEN
    assert classify({"foreign": other, "own": right, "none": right}, "a") is State.FOREIGN
    assert classify({"foreign": other, "own": right, "none": other}, "a") is State.REFERER
    assert classify({"foreign": right, "unsigned": no}, "a") is State.SIGNED
    assert classify({"foreign": no, "own": Seen(429)}, "") is State.LIMITED
    assert classify({name: Seen(404) for name in ("foreign", "none", "own", "cookie")}, "") is State.GONE


def test_signatures_are_known_by_their_names() -> None:
    assert looks_signed("https://e.org/a.jpg?X-Amz-Signature=1") and looks_signed("https://e.org/a.jpg?st=1&e=2")
    assert not looks_signed("https://e.org/a.jpg?w=3") and not looks_signed("https://e.org/a.jpg")


def test_a_probe_bears_whatever_the_transport_raises() -> None:
    def broken(_: Ask) -> object:
        raise FetchError("net.dns", "no such host")

    found = probe(Subject("https://nowhere.invalid/a.jpg"), broken)  # type: ignore[arg-type]
    assert found.state is State.UNREACHABLE and found.tries[0] == ("foreign", "net.dns")
    assert FOREIGN.startswith("https://")


@needs_nginx
def test_a_survey_of_many_pictures(nginx: Nginx) -> None:
    settings = FetchSettings(allow_private=True, read_timeout=5, deadline=10)
    right = {name: hashlib.sha256(body).hexdigest() for name, body in (("1", ONE), ("2", TWO), ("3", THREE))}
    rules = {"open": "", "foreign": "/403", "own": "", "agent": ""}
    subjects = [
        Subject(nginx.url(rule, f"{path}/{number}.jpg"), nginx.url(rule, "/"), "", right[number])
        for rule, path in rules.items()
        for number in "123"
    ]
    for each in (True, False):
        found = survey(subjects, settings, each)
        assert [found[subject.url].state for subject in subjects] == (
            [State.OPEN] * 3 + [State.FOREIGN] * 3 + [State.REFERER] * 3 + [State.AGENT] * 3
        )
