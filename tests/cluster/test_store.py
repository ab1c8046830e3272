"""Objects are put whole or not at all, in folders, in memory and in S3 (moto, a server on loopback)."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from collector.cluster.store import Store
from collector.errors import InputError

pytest.importorskip("fsspec")


@pytest.fixture(params=["file", "memory", "s3"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "s3":
        yield from request.getfixturevalue("bucket")
    else:
        yield f"file://{tmp_path}/a set" if request.param == "file" else f"memory://{tmp_path.name}"


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The address of a set in an empty bucket."""
    s3fs = pytest.importorskip("s3fs")
    server = pytest.importorskip("moto.server").ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    for name, value in (("AWS_ENDPOINT_URL", f"http://{host}:{port}"), ("AWS_ACCESS_KEY_ID", "nobody"),
                        ("AWS_SECRET_ACCESS_KEY", "secret"), ("AWS_DEFAULT_REGION", "us-east-1")):  # fmt: skip
        monkeypatch.setenv(name, value)
    s3fs.S3FileSystem.clear_instance_cache()
    name = uuid.uuid4().hex  # moto remembers as long as the process lives
    s3fs.S3FileSystem().mkdir(name)
    yield [f"s3://{name}/set"]
    server.stop()


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")
def test_what_is_put_is_there_whole(address: str, tmp_path: Path) -> None:
    store = Store(address)
    assert store.sizes() == {}
    big = tmp_path / "big.tar"
    big.write_bytes(b"0123456789" * 1000)
    store.put("a.json", b"{}")
    store.put("a.json", b"[1]")
    store.put_file("big.tar", str(big))
    assert store.sizes() == {"a.json": 3, "big.tar": 10_000}
    assert store.read("a.json") == b"[1]"
    with store.open("big.tar") as file:
        file.seek(9_995)
        assert file.read() == b"56789"
    assert Store(address).sizes() == store.sizes()
    with pytest.raises(InputError, match=r"the store cannot be used: "):
        store.read("gone")


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")
def test_a_bucket_that_is_missing_is_told_before_any_work(bucket: list[str]) -> None:
    with pytest.raises(InputError, match=r"^s3://nobucket/set: the store cannot be used: "):
        Store("s3://nobucket/set")


def test_half_written_objects_are_none(tmp_path: Path) -> None:
    store = Store(f"file://{tmp_path}/set")
    store.put("whole", b"x")
    (tmp_path / "set" / "half.123.part").write_bytes(b"x")
    assert store.sizes() == {"whole": 1}


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")
def test_a_folder_replaces_what_was_there(address: str, tmp_path: Path) -> None:
    store, folder = Store(address), tmp_path / "export"
    (folder / "data").mkdir(parents=True)
    for name in ("last", "data/a", "b"):
        (folder / name).write_bytes(name.encode())
    store.replace_with(folder, "last")
    (folder / "data" / "a").unlink()
    (folder / "c").write_bytes(b"c")
    store.replace_with(folder, "last")
    assert store.names() == {"last", "b", "c"}
    assert store.read("c") == b"c"
