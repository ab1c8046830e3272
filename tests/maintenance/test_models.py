"""Models from a hub on loopback: shown, agreed to, taken up where they broke off, checked, and asked for once."""

from __future__ import annotations

import hashlib
import json
from collections import namedtuple
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

import collector
from collector.api import models as api
from collector.errors import DiskError, FolderLocked, Incomplete, InputError, SourceError, UsageError
from collector.images.known_models import KNOWN, Known, Remote
from collector.ledger.lock import FolderLock
from collector.maintenance import models
from collector.maintenance.models import Hub
from collector.settings import FetchSettings
from tests.support.collection import Collection, drawn
from tests.support.command import Desk
from tests.support.model_hub import ModelHub, model_hub
from tests.support.proxy_double import proxying
from tests.support.tiny_models import tiny_model

REPO = "owner/tiny"
BODY = bytes(range(256)) * 400


@pytest.fixture
def hub() -> Iterator[ModelHub]:
    with model_hub() as hub:
        hub.files = {
            (REPO, "onnx/vision_model.onnx"): BODY,
            (REPO, "onnx/vision_model_q4.onnx"): b"smaller" * 1000,
            (REPO, "onnx/vision_model.onnx_data"): b"weights" * 1000,
            (REPO, "onnx/text_model.onnx"): b"words" * 1000,
            (REPO, "tokenizer.json"): b"{}",
            (REPO, "README.md"): b"a card",
        }
        yield hub


@pytest.fixture
def ask(hub: ModelHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Hub]:
    monkeypatch.setenv("COLLECTOR_CACHE", str(tmp_path / "cache"))

    def made(settings: FetchSettings | None = None, **environment: str) -> Hub:
        return Hub(
            settings or FetchSettings(), {"HF_ENDPOINT": f"{hub.endpoint}/", **environment}, sleep=lambda _: None
        )

    return made


def sha256(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


def test_what_would_come_is_stated_before_it_does(hub: ModelHub, ask: Callable[..., Hub], tmp_path: Path) -> None:
    offer = ask().offer(REPO)
    paths = ["onnx/vision_model.onnx", "onnx/text_model.onnx", "tokenizer.json", "onnx/vision_model.onnx_data"]
    assert [file.path for file in offer.files] == paths
    first, _, small, _ = offer.files
    assert (first.size, first.sha256, first.known) == (len(BODY), sha256(BODY), False)
    assert (small.sha256, small.git) == (None, hashlib.sha1(b"blob 2\0{}").hexdigest())
    assert (offer.source, offer.licence) == (f"{hub.endpoint}/{REPO} at c0ffee", "apache-2.0")
    assert offer.folder == tmp_path / "cache" / "models" / "owner--tiny"
    assert not offer.folder.exists()
    assert [path.partition("?")[0] for _, path, _ in hub.asked] == [f"/api/models/{REPO}/revision/main"]
    assert ask().offer(f"{REPO}@v1").source == offer.source


def test_it_comes_whole_from_another_host_and_the_hub_is_not_asked_again(
    hub: ModelHub, ask: Callable[..., Hub], monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[tuple[int, int]] = []
    offer = ask(HF_TOKEN="secret").offer(REPO)
    folder = ask(HF_TOKEN="secret").download(offer, lambda *two: told.append(two))
    assert (folder / "onnx" / "vision_model.onnx").read_bytes() == BODY
    assert told[-1] == (offer.size, offer.size)
    assert sorted(path.name for path in (folder / "onnx").iterdir()) == [
        "text_model.onnx", "vision_model.onnx", "vision_model.onnx_data",
    ]  # fmt: skip
    assert models.locked(folder)["onnx/vision_model.onnx"] == sha256(BODY)
    told_token = {host: {"authorization" in headers for h, _, headers in hub.asked if h == host}
                  for host in ("127.0.0.1", "localhost")}  # fmt: skip
    assert told_token == {"127.0.0.1": {True}, "localhost": {False}}, "the other host is told no key"
    before = len(hub.asked)
    monkeypatch.setenv("HF_ENDPOINT", hub.endpoint)
    assert collector.get_model(REPO, lambda _: False) == folder
    assert len(hub.asked) == before
    assert [one.name for one in api.listed() if one.here] == [REPO]
    (folder / "tokenizer.json").write_bytes(b"[]")
    assert collector.get_model(REPO, lambda _: False) is None, "an altered file is asked for again"
    assert collector.get_model(REPO, lambda _: True) == folder
    assert (folder / "tokenizer.json").read_bytes() == b"{}"


@pytest.mark.parametrize("ranges", [True, False])
def test_what_breaks_off_is_taken_up(hub: ModelHub, ask: Callable[..., Hub], ranges: bool) -> None:
    hub.breaks_at, hub.ranges = [70_000, 10_000], ranges
    offer = ask().offer(REPO)
    folder = ask().download(offer)
    assert (folder / "onnx" / "vision_model.onnx").read_bytes() == BODY
    assert hub.ranges_asked()[0] == "bytes=70000-"


def test_a_hub_that_keeps_breaking_off_leaves_what_came(hub: ModelHub, ask: Callable[..., Hub]) -> None:
    hub.breaks_at = [40_000, *[0] * 10]
    offer = ask().offer(REPO)
    with pytest.raises(Incomplete, match="40,000 of 102,400 bytes are here") as told:
        ask().download(offer)
    assert told.value.exit_code == 9
    hub.breaks_at, hub.asked = [], []
    assert (ask().download(offer) / "onnx" / "vision_model.onnx").read_bytes() == BODY
    assert hub.ranges_asked() == ["bytes=40000-"] * 2, "at the hub, and where it leads"


def test_another_file_than_was_stated_is_not_kept(hub: ModelHub, ask: Callable[..., Hub]) -> None:
    offer = ask().offer(REPO)
    hub.altered = b"evil"
    with pytest.raises(InputError, match=r"vision_model\.onnx: not the file that was stated"):
        ask().download(offer)
    assert list(offer.folder.rglob("*.onnx*")) == []
    assert models.locked(offer.folder) == {}


def test_a_page_in_the_place_of_a_file_is_no_beginning_of_it(hub: ModelHub, ask: Callable[..., Hub]) -> None:
    offer = ask().offer(REPO)
    hub.page = b"<html>Please log in</html>"
    with pytest.raises(Incomplete, match="102,400 bytes were stated, 26 announced; 0 of 102,400 bytes are here"):
        ask().download(offer)
    hub.page = b""
    assert (ask().download(offer) / "onnx" / "vision_model.onnx").read_bytes() == BODY


@pytest.mark.parametrize(
    "name",
    ["../b", "a/..", "../../x/y", "a/b/c", "a/b?x=1", "a/b@", "a/b@../../x", "/a", "a/", "a /b", "a/b\n", ".a/b"],
)
def test_what_is_no_name_of_a_repository_is_not_asked_for(hub: ModelHub, ask: Callable[..., Hub], name: str) -> None:
    with pytest.raises(InputError, match="is no repository of the hub: owner/name, or owner/name@revision"):
        ask().offer(name)
    assert hub.asked == []


def test_another_revision_than_the_one_that_is_here_is_told(
    hub: ModelHub, ask: Callable[..., Hub], monkeypatch: pytest.MonkeyPatch
) -> None:
    ask().download(ask().offer(REPO))
    monkeypatch.setenv("HF_ENDPOINT", hub.endpoint)
    hub.asked = []
    assert api.get_model(REPO, lambda _: False) is not None
    assert hub.asked == []
    hub.files[REPO, "tokenizer.json"] = b"[]"
    with pytest.raises(InputError, match=r"tokenizer\.json is another file than was downloaded before"):
        api.get_model(f"{REPO}@v2", lambda _: True)


def test_two_downloads_do_not_mix(hub: ModelHub, ask: Callable[..., Hub]) -> None:
    offer = ask().offer(REPO)
    with FolderLock(offer.folder), pytest.raises(FolderLocked, match="give another COLLECTOR_CACHE"):
        ask().download(offer)


def test_what_was_downloaded_once_stays_the_same(hub: ModelHub, ask: Callable[..., Hub]) -> None:
    """The first word of the hub is trusted, and no later one that says otherwise."""
    folder = ask().download(ask().offer(REPO))
    (folder / "onnx" / "vision_model.onnx").unlink()
    hub.files[REPO, "onnx/vision_model.onnx"] = b"another" * 1000
    with pytest.raises(InputError, match="another file than was downloaded before"):
        ask().download(ask().offer(REPO))


def test_hashes_that_are_known_here_go_before_the_hubs(
    hub: ModelHub, ask: Callable[..., Hub], monkeypatch: pytest.MonkeyPatch
) -> None:
    files = (
        Remote("onnx/vision_model.onnx", "v.onnx", sha256(BODY)),
        Remote("tokenizer.json", repo="a/b", revision="r"),
    )
    known = Known("tiny", "", "owner/other", "beef", "MIT", files, {"config.json": "{}"})
    monkeypatch.setitem(KNOWN, "tiny", known)
    hub.files |= {("owner/other", "v.onnx"): BODY, ("a/b", "tokenizer.json"): b"{}"}
    offer = ask().offer("tiny")
    assert (offer.licence, offer.files[0].known) == ("MIT; its card says: apache-2.0", True)
    folder = ask().download(offer)
    assert sorted(path.relative_to(folder).as_posix() for path in folder.rglob("[!.]*.*")) == [
        "config.json", "lock.json", "onnx/vision_model.onnx", "tokenizer.json",
    ]  # fmt: skip
    assert models.is_whole(folder)
    monkeypatch.setitem(KNOWN, "tiny", replace(known, files=(replace(files[0], sha256="0" * 64),)))
    with pytest.raises(InputError, match=r"v\.onnx is another file on the hub than the one that is known"):
        ask().offer("tiny")


@pytest.mark.parametrize(
    ("status", "words"),
    [(401, "set HF_TOKEN"), (403, "accept the terms"), (404, "not on the hub"), (400, "the hub fails")],
)
def test_a_hub_that_refuses(hub: ModelHub, ask: Callable[..., Hub], status: int, words: str) -> None:
    hub.status = status
    with pytest.raises(InputError, match=words):
        ask().offer(REPO)
    hub.status = 0
    offer = ask().offer(REPO)
    hub.file_status = status
    with pytest.raises((InputError, Incomplete), match=rf"{REPO if status != 400 else 'HTTP 400'}"):
        ask().download(offer)


def test_an_endpoint_that_is_no_address(ask: Callable[..., Hub]) -> None:
    for text in ("hub", "http://", "http://127.0.0.1:99999", "http://127.0.0.1:0", "ftp://a.test", "http://[::1",
                 "http://127.0.0.1:22", "http://127.0.0.1:6000"):  # fmt: skip
        with pytest.raises(UsageError, match=r"HF_ENDPOINT=.*: give the address"):
            ask(HF_ENDPOINT=text)


def test_what_the_hub_does_not_have(hub: ModelHub, ask: Callable[..., Hub]) -> None:
    with pytest.raises(InputError, match="a/b: not on the hub"):
        ask().offer("a/b")
    with pytest.raises(InputError, match=r"did you mean siglip2-b32\?"):
        ask().offer("siglip2-b3")
    with pytest.raises(InputError, match="sscd: nobody is known to publish it"):
        ask().offer("sscd")
    with pytest.raises(InputError, match="not on the hub"):
        ask().offer("siglip2-b32")
    hub.files[KNOWN["siglip2-b32"].repo, "config.json"] = b"{}"
    with pytest.raises(InputError, match=r"has no file onnx/vision_model_fp16\.onnx"):
        ask().offer("siglip2-b32")
    hub.files = {(REPO, "model.safetensors"): b"x"}
    with pytest.raises(InputError, match=r"has no onnx/vision_model\.onnx"):
        ask().offer(REPO)


def test_a_full_disk(hub: ModelHub, ask: Callable[..., Hub], monkeypatch: pytest.MonkeyPatch) -> None:
    offer = ask().offer(REPO)
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(models.shutil, "disk_usage", lambda _: usage(9, 9, 60_000_000))
    with pytest.raises(DiskError, match="are needed, 60 MB are free"):
        ask().download(offer)
    assert len(hub.asked) == 1
    monkeypatch.undo()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no disk that is always full")
def test_a_disk_that_fills_up_meanwhile(hub: ModelHub, ask: Callable[..., Hub]) -> None:
    offer = ask().offer(REPO)
    part = offer.folder / "onnx" / "vision_model.onnx.part"
    part.parent.mkdir(parents=True)
    part.symlink_to("/dev/full")
    with pytest.raises(DiskError, match="No space left on device"):
        ask().download(offer)


def test_by_a_proxy_and_not_to_private_addresses_by_itself(hub: ModelHub, ask: Callable[..., Hub]) -> None:
    port = int(hub.endpoint.rpartition(":")[2])
    with proxying(port) as proxy:
        settings = FetchSettings(proxy=f"http://{proxy.url}")
        offer = ask(settings, HF_ENDPOINT="http://models.example").offer(REPO)
        assert offer.source == f"http://models.example/{REPO} at c0ffee"
        assert proxy.asked[0].startswith("http://models.example/api/models/")
    with pytest.raises(SourceError, match=r"127\.0\.0\.1.*; HF_ENDPOINT names another hub, and --models DIR"):
        lonely = ask()
        lonely._settings = FetchSettings()
        lonely.offer(REPO)


def test_the_verbs(hub: ModelHub, tmp_path: Path) -> None:
    tiny = tiny_model(tmp_path / "made")
    for path in tiny.rglob("*.*"):
        hub.files[REPO, path.relative_to(tiny).as_posix()] = path.read_bytes()
    desk = Desk(tmp_path / "desk")
    desk.environment |= {"HF_ENDPOINT": hub.endpoint, "COLLECTOR_CACHE": str(tmp_path / "cache")}
    done = desk.run("models", "get", REPO)
    assert (done.code, done.last_line) == (2, "collector: say --yes to agree to this licence and download")
    assert "licence: apache-2.0" in done.out and sha256((tiny / "tokenizer.json").read_bytes()) in done.out
    assert not (tmp_path / "cache" / "models").exists()
    done = desk.run("models", "get", REPO, "--yes")
    assert done.code == 0, done.err
    assert f"{REPO} is in " in done.out
    listed = desk.run("models", "list").out
    assert REPO in listed and "siglip2-b32" in listed
    assert [line.split()[:3] for line in listed.splitlines() if REPO in line] == [[REPO, "here", "apache-2.0"]]
    hub.status = 404
    assert desk.run("models", "get", REPO).code == 0, "it is there, and the hub is not asked"
    with Collection(desk.images) as collection:
        collection.add("red", drawn(1))
    done = desk.run("embed", "--model", REPO)
    assert "1 picture newly looked at" in done.out, done.err
    lock = json.loads((tmp_path / "cache" / "models" / "owner--tiny" / "lock.json").read_text())
    assert (lock["name"], lock["licence"]) == (REPO, "apache-2.0")
