"""Exports into an object store, and onto a loopback double of the Hugging Face Hub."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

import collector
from collector.cluster import hub
from collector.cluster.store import Store
from collector.dataset.export import LOCK
from collector.errors import InputError, UsageError
from tests.support.collection import Collection, drawn

pytest.importorskip("fsspec")


@pytest.fixture
def made(tmp_path: Path) -> collector.Collection:
    with Collection(tmp_path / "images") as filled:
        for number in range(4):
            filled.add("cat" if number % 2 else "dog", drawn(number))
    return collector.open(tmp_path / "images")


def names(url: str) -> set[str]:
    return Store(url).names()


def test_an_export_into_a_store_is_there_whole_and_nothing_else(made: collector.Collection, tmp_path: Path) -> None:
    url = f"memory://{tmp_path.name}/set"
    done = made.export("webdataset", url)
    assert done.published.pictures == 4 and f"'{url}/data-000000.tar'" in done.loading
    assert {"data-000000.tar", "classes.json", LOCK} <= names(url)
    assert sorted(file.name for file in tmp_path.iterdir() if file.is_dir()) == ["images"]
    done = made.export("hf", url)
    assert f"{url}/data/train-00000-of-00001.parquet" in done.loading and "load_dataset('parquet'" in done.loading
    assert "data-000000.tar" not in names(url) and f"{LOCK}.begun" not in names(url)


def test_what_is_no_export_stays_and_an_interrupted_one_is_made_good(
    made: collector.Collection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"file://{tmp_path}/store"
    Store(url).put("mine.txt", b"keep")
    with pytest.raises(InputError, match="no export of collector"):
        made.export("csv", url)
    assert Store(url).read("mine.txt") == b"keep"
    url = f"file://{tmp_path}/other"
    put = Store.put_file

    def broken(self: Store, name: str, path: str) -> None:
        if name == "data.csv":
            raise InputError("the line is dead")
        put(self, name, path)

    with monkeypatch.context() as patched:
        patched.setattr(Store, "put_file", broken)
        with pytest.raises(InputError, match="the line is dead"):
            made.export("csv", url)
    assert LOCK not in names(url) and f"{LOCK}.begun" in names(url)
    made.export("csv", url)
    assert {LOCK, "data.csv"} <= names(url) and f"{LOCK}.begun" not in names(url)


def test_addresses_that_are_none(made: collector.Collection) -> None:
    with pytest.raises(UsageError, match="nowhere://"):
        made.export("csv", "nowhere://bucket/set")
    with pytest.raises(UsageError, match="only the format hf"):
        made.export("csv", "set", push_to_hub="me/cats")


class Hub(ThreadingHTTPServer):
    """Keeps what is committed: repository -> path -> bytes."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.files: dict[str, dict[str, bytes]] = {}
        self.private: dict[str, bool] = {}
        self.tokens: set[str] = set()


class _Handler(BaseHTTPRequestHandler):
    """huggingface.co/docs/hub/api: repos/create, preupload, tree, commit (NDJSON; small files in base64)."""

    server: Hub
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.tokens.add(self.headers.get("Authorization", ""))
        if self.headers.get("Authorization") != "Bearer hf_good":
            return self._answer({"error": "Invalid username or password."}, 401)
        if self.path == "/api/validate-yaml":
            return self._answer({"errors": [], "warnings": []})
        if self.path == "/api/repos/create":
            asked = json.loads(body)
            owner = asked.get("organization") or "me"
            name = f"{owner}/{asked['name'].rpartition('/')[2]}"
            self.server.files.setdefault(name, {"old.txt": b"old"})
            self.server.private[name] = asked.get("private") or asked.get("visibility") == "private"
            return self._answer({"url": f"https://huggingface.co/datasets/{name}", "name": name})
        name = "/".join(self.path.split("/")[3:5])
        if "/preupload/" in self.path:
            files = [{**one, "uploadMode": "regular", "shouldIgnore": False} for one in json.loads(body)["files"]]
            return self._answer(
                {"files": [{k: one[k] for k in ("path", "uploadMode", "shouldIgnore")} for one in files]}
            )
        for line in map(json.loads, body.splitlines()):
            value = line["value"]
            if line["key"] == "file":
                self.server.files[name][value["path"]] = base64.b64decode(value["content"])
            if line["key"] == "deletedFile":
                del self.server.files[name][value["path"]]
        return self._answer({"commitUrl": f"{name}/commit/1", "commitOid": "1" * 40, "success": True})

    def do_GET(self) -> None:
        name = "/".join(self.path.split("/")[3:5])
        files = self.server.files.get(name, {})
        if "/tree/" in self.path:
            tree = [{"type": "file", "path": path, "size": len(body), "oid": "0" * 40} for path, body in files.items()]
            return self._answer(tree)
        known = {"id": name, "sha": "0" * 40, "siblings": [{"rfilename": path} for path in files]}
        return self._answer(known if files else {"error": "Repository not found"}, 200 if files else 404)

    def _answer(self, value: Any, status: int = 200) -> None:
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        if status == 401:
            self.send_header("X-Error-Message", "Invalid username or password.")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing on the terminal."""


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    huggingface_hub = pytest.importorskip("huggingface_hub")
    with Hub() as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}"
        real = huggingface_hub.HfApi
        monkeypatch.setattr(huggingface_hub, "HfApi", lambda: real(endpoint=address))
        monkeypatch.setenv("HF_TOKEN", "hf_good")
        yield server
        server.shutdown()


def test_an_export_becomes_a_dataset_of_the_hub(made: collector.Collection, fake: Hub, tmp_path: Path) -> None:
    done = made.export("hf", tmp_path / "set", push_to_hub="me/cats", private=True)
    assert "me/cats" in done.loading.splitlines()[-2]
    files = fake.files["me/cats"]
    here = {
        file.relative_to(tmp_path / "set").as_posix(): file.read_bytes()
        for file in (tmp_path / "set").rglob("*")
        if file.is_file()
    }
    assert files == here and "README.md" in files
    assert fake.private == {"me/cats": True} and fake.tokens == {"Bearer hf_good"}


def test_the_hub_refuses_in_one_line(
    made: collector.Collection, fake: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    with pytest.raises(InputError, match=r"HTTP 401: .*set HF_TOKEN to a token that may write") as caught:
        hub.push(tmp_path, "me/cats")
    assert "secret" not in str(caught.value) and "\n" not in str(caught.value)
    with pytest.raises(InputError, match="--push-to-hub a/b/c: "):
        hub.push(tmp_path, "a/b/c")
