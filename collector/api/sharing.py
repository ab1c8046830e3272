"""Exports that go elsewhere once they are written and read back: to an object store, or to the Hugging Face Hub."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from collector.dataset.export import LOCK
from collector.errors import UsageError


def is_store(dest: str) -> bool:
    """Whether an export goes to a store, and not to a folder."""
    return "://" in dest


def folder_for(dest: str, out: Path) -> Path:
    """Where an export is written: `dest` itself, or for a store a folder beside the output folder, which is emptied
    first. UsageError for a store that is not known, InputError for one that does not answer."""
    if not is_store(dest):
        return Path(dest)
    from collector.cluster.store import Store

    Store(dest)
    name = dest.rstrip("/").rpartition("/")[2] or out.name
    place = out.absolute().parent / f".{out.name}-to-store.collector-part" / name
    shutil.rmtree(place.parent, ignore_errors=True)
    return place


def sent(place: Path, dest: str, format: str, loading: str) -> str:
    """Put a written export into a store and remove it here; how it is loaded from there. InputError when the store
    fails: the export is written again by the next call then."""
    from collector.cluster.store import Store

    store = Store(dest)
    try:
        store.replace_with(place, LOCK)
        return _from_there(place, store.url, format, loading)
    finally:
        shutil.rmtree(place.parent, ignore_errors=True)


def _from_there(place: Path, url: str, format: str, loading: str) -> str:
    """`load_dataset` knows no store by itself, its Parquet reader does; webdataset leaves S3 to Amazon's own tool."""
    if format == "hf":
        files: dict[str, list[str]] = {}
        for file in sorted((place / "data").iterdir()):
            files.setdefault(file.name.partition("-")[0], []).append(f"{url}/data/{file.name}")
        loading = loading.replace(f"load_dataset({str(place)!r})", f"load_dataset('parquet', data_files={files!r})")
    if format == "webdataset" and url.startswith("s3://"):
        loading = re.sub(rf"'{re.escape(str(place))}/([^']*)'", rf"'pipe:aws s3 cp {url}/\1 -'", loading)
    return loading.replace(str(place), url)


def check_hub(format: str, name: str) -> None:
    """UsageError unless the format is the Hub's own."""
    if format != "hf":
        raise UsageError(f"--push-to-hub {name}: only the format hf becomes a dataset there")


def pushed(place: Path, name: str, private: bool) -> str:
    """Put a written export on the Hugging Face Hub; how it is loaded from there."""
    from collector.cluster.hub import push

    return f"# on the Hub: {push(place, name, private)}\n# load_dataset({name!r})"
