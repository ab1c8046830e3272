"""`relevant`: what is off topic does not count towards the limit, and others come in its place. No browser."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

import collector
from collector.dataset import embeddings
from collector.errors import InputError, UsageError
from collector.images import lite0
from collector.images.embed import embedder
from collector.images.known_models import embedder_of
from collector.ledger import Ledger
from collector.practice.pictures import is_foreign, slug
from collector.settings import Value
from tests.support.tiny_models import tiny_model

pytestmark = pytest.mark.usefixtures("downloads_in_process", "pictures_in_process")

SHARE = 0.3


def kept(folder: Path) -> list[collector.Row]:
    with Ledger.read(folder) as ledger:
        return [row for row in ledger.dataset.pictures() if row.left_out is None]


def test_others_come_in_the_place_of_what_is_off_topic(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    folder = tmp_path / "images"
    with collector.practice(collector.practice.Knobs.calm(foreign=SHARE)) as web:

        def again() -> collector.Summary:
            rows = [collector.Query("lighthouse", limit=24, relevant=True), collector.Query("windmill", limit=9)]
            return collector.collect(rows, folder, source="naver", practice=web).wait()

        summary = again()
        with Ledger.read(folder) as ledger:
            off = [row for row in ledger.dataset.pictures() if row.left_out == "set.off_topic"]
        assert off
        assert len(kept(folder)) == 24 + 9, "as many as were asked for"
        assert summary.digest.total.saved == 24 + 9 + len(off)
        assert {row.keyword for row in off} == {"lighthouse"}, "the other row does not say so"
        for row in off:
            number = int(row.url.rpartition("/")[2].partition(".")[0].partition("-")[0])
            assert is_foreign(slug("lighthouse"), number, SHARE), row.url
        assert f"off topic and left out (set.off_topic): {len(off)}; " in caplog.text
        asked = len(web.pictures())
        assert again().digest.total.saved == 24 + 9 + len(off)
        assert len(web.pictures()) == asked, "the same call asks for nothing more"


def test_embeddings_come_with_the_pictures(tmp_path: Path) -> None:
    folder = tmp_path / "images"
    collector.collect(["lighthouse"], folder, limit=9, source="naver", practice=True, embed=True).wait()
    with Ledger.read(folder) as ledger:
        saved = {row.sha256 for row in ledger.dataset.pictures()}
    assert len(saved) == 9
    assert set(embeddings.read(folder, embedder()).places) == saved
    model = tiny_model(tmp_path / "tiny")
    collector.collect(["lighthouse"], folder, limit=9, source="naver", practice=True, embed=True,
                      settings={"look.models": str(model)}).wait()  # fmt: skip
    stored = embeddings.read(folder, embedder_of(None, model))
    assert set(stored.places) == saved, "of the model that the settings name"


def test_it_says_when_the_well_is_dry(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    folder = tmp_path / "images"
    with collector.practice(collector.practice.Knobs.calm(foreign=SHARE)) as web:
        collector.collect(["lighthouse"], folder, limit=60, source="openverse", practice=web, relevant=True,
                          settings={"look.models": str(tiny_model(tmp_path / "tiny"))}).wait()  # fmt: skip
    missing = 60 - len(kept(folder))
    assert missing > 0
    assert f"lighthouse: no more pictures are found; {missing} that show it are missing" in caplog.text
    assert (folder / "collector.tiny.vectors").exists(), "the model of the settings was asked"


def test_a_model_that_is_not_there_is_told_before_the_run(tmp_path: Path) -> None:
    for model, error in (("nobodys", InputError), ("pictures", UsageError)):
        tiny_model(tmp_path / "models" / "pictures", layout="pictures") if model == "pictures" else None
        settings: dict[str, Value] = {"look.models": str(tmp_path / "models"), "look.model": model}
        with pytest.raises(error, match=model):
            collector.collect(["lighthouse"], tmp_path / "images", relevant=True, settings=settings)


def test_without_the_extra_a_line_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lite0, "_NEEDED", ("no_such_package",))
    with pytest.raises(UsageError, match=r"pip install '.*\[look\]'"):
        collector.collect(["lighthouse"], tmp_path / "images", relevant=True)


def test_a_model_that_cannot_be_had_is_told_before_anything_begins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLLECTOR_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(lite0, "SHA256", "0" * 64)
    for relevant in (True, False):
        with pytest.raises(InputError, match="not those that are known"):
            collector.collect(["lighthouse"], tmp_path / "images", relevant=relevant, embed=not relevant)
    assert list(tmp_path.iterdir()) == []
