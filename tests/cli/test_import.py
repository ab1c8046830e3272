"""The verb `import` as a user runs it: a folder, a manifest with pictures beside it, and fetching the rest."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from pathlib import Path

import pytest

from collector.api.adding import Added
from collector.cli.taking import _told
from collector.practice import Knobs, PracticeWeb
from tests.support.command import Desk
from tests.support.maps import picture_paths
from tests.support.misbehaving import picture


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path / "desk", workers=False)


def put(desk: Desk, name: str, body: bytes) -> None:
    file = desk.folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(body)


def test_a_folder_is_taken_in_and_told(desk: Desk) -> None:
    put(desk, "pets/cat/1.jpg", picture(seed=1))
    put(desk, "pets/cat/2.jpg", picture(seed=2))
    put(desk, "pets/dog/1.jpg", picture(seed=1))
    put(desk, "pets/dog/broken.jpg", b"<html>")
    put(desk, "pets/dog/broken.txt", b"what is here?")
    first = desk.run("import", "pets")
    assert first.code == 0, first.err
    told = "pets: 2 pictures saved; 1 duplicate; not taken: body.html 1; passed over: description 1"
    assert told in first.out
    assert "1 known before" not in first.out and "3 known before" in desk.run("import", "pets").out
    status = [json.loads(line) for line in desk.run("status", "--json").out.splitlines()]
    assert [line["saved"] for line in status if "keyword" in line] == [2, 0]
    assert (desk.folder / "pets/cat/1.jpg").exists()
    fetched = desk.run("fetch")
    assert fetched.code == 0, fetched.err
    assert desk.run("verify").code == 0


def test_a_manifest_is_taken_in_and_the_rest_fetched(desk: Desk) -> None:
    with PracticeWeb(Knobs.calm()) as web:
        body = picture(seed=5)
        put(desk, "cats/Image_1.jpg", body)
        rows = [
            {"url": f"{web.url}/1.jpg", "query": "tabby cat", "file": "cats/Image_1.jpg", "caption": "mine"},
            {"url": web.url + picture_paths("tabby cat", range(1, 2))[0], "query": "tabby cat", "status": "error"},
        ]
        rows[0]["md5"] = hashlib.md5(body).hexdigest()
        put(desk, "cats/manifest.jsonl", "".join(json.dumps(row) + "\n" for row in rows).encode())
        taken = desk.run("import", "cats/manifest.jsonl")
        assert taken.code == 0, taken.err
        assert "2 URLs, 2 of them new; 1 picture saved; `" in taken.out
        assert "collector fetch" in taken.out
        fetched = desk.run("fetch", "--allow-private")
        assert fetched.code == 0, fetched.err
    story = desk.run("why", rows[0]["url"]).out
    assert "saved" in story
    assert len(list(desk.images.glob("*/*.*"))) == 2


def test_what_is_wrong_is_one_line(desk: Desk) -> None:
    put(desk, "empty/note.txt", b"x")
    assert desk.run("import", "none").code == 4
    assert desk.run("import", "--link", "--move", "empty").code == 2
    nothing = desk.run("import", "empty")
    assert nothing.code == 0 and "0 pictures saved; passed over: description 1" in nothing.out


def test_pictures_that_need_an_extra_come_with_the_line_that_installs_it() -> None:
    reasons = Counter({"image.needs_jxl": 2, "image.needs_heic": 1, "body.html": 1})
    told = _told(Added(None, Counter(saved=1), reasons, Counter()))
    assert told.startswith(
        "1 picture saved; not taken: image.needs_jxl 2, image.needs_heic 1, body.html 1; to take more, "
    )
    assert "[heic,jxl]" in told and told.endswith(" and import again")
    assert "to take more" not in _told(Added(None, Counter(saved=1), Counter({"body.html": 1}), Counter()))
