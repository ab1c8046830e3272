"""Pictures that say a machine made them: listed, left out on request, back again, and known to `why`."""

from __future__ import annotations

from pathlib import Path

from tests.images.test_synthetic import COMPOSITE, MARKED, TRAINED, manifest, png
from tests.support.collection import Collection, drawn
from tests.support.command import Desk


def test_listed_then_left_out_on_request(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "desk", workers=False)
    with Collection(desk.images) as collection:
        whole = collection.add("cat", MARKED["JPEG, C2PA"])
        part = collection.add("cat", png((b"caBX", manifest(COMPOSITE))))
        collection.add("cat", drawn(2))
        kept = collection.add("dog", MARKED["PNG, XMP"])
        collection.ledger.dataset.review(kept.sha256, "dog", "keep")
    done = desk.run("filter")
    assert done.code == 0, done.err
    assert "nothing to leave out" in done.out
    assert "3 pictures made by a machine, by their own metadata (--synthetic leaves such pictures out): " in done.out
    done = desk.run("filter", "--synthetic")
    assert done.out.split()[:4] == ["reason", "pictures", "set.synthetic", "2"]
    assert "--synthetic leaves" not in done.out
    told = desk.run("why", str(whole.file)).out
    assert f"synthetic by a machine, as its metadata say: {TRAINED}" in told
    with Collection(desk.images) as collection:
        left = {(one.sha256, one.reason, one.detail) for one in collection.ledger.dataset.verdicts()}
    assert left == {(whole.sha256, "set.synthetic", TRAINED), (part.sha256, "set.synthetic", COMPOSITE)}
    assert desk.run("filter").code == 0
    with Collection(desk.images) as collection:
        assert collection.ledger.dataset.verdicts() == [], "asked for anew each time, as all these rules"
