"""What others make of the same pictures: ImageHash, `datasets` and img2dataset, in one environment of their own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

PACKAGES = ("ImageHash", "datasets", "img2dataset", "pyarrow", "pillow")

HASHES = """
import json, sys
from concurrent.futures import ProcessPoolExecutor
import imagehash
from PIL import Image
def hashed(path):
    with Image.open(path) as image:
        return [str(imagehash.phash(image)), str(imagehash.dhash(image))]
if __name__ == "__main__":
    with ProcessPoolExecutor() as pool:
        print(json.dumps(list(pool.map(hashed, json.load(open(sys.argv[1])), chunksize=100))))
"""
"""pHash and dHash, 64 bits each, as imagededup computes them (its PHash: 32 x 32 grey, DCT, 8 x 8, median)."""

DATASETS = """
import io, sys
from pathlib import Path
import datasets
from datasets import ClassLabel, Dataset, Features, Image
from PIL import Image as Pillow
datasets.disable_progress_bars()
folder, out, side = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
files = sorted(path for path in folder.glob("*/*.*"))
names = sorted({path.parent.name for path in files})
def rows(files):
    for path in files:
        yield {"image": {"bytes": path.read_bytes(), "path": path.name}, "label": path.parent.name}
def smaller(row):
    with Pillow.open(io.BytesIO(row["image"]["bytes"])) as opened:
        image = opened.convert("RGB")
    image.thumbnail((side, side), Pillow.Resampling.LANCZOS)
    body = io.BytesIO()
    image.save(body, "JPEG", quality=92, subsampling=0)
    return {"image": {"bytes": body.getvalue(), "path": row["image"]["path"]}}
if __name__ == "__main__":
    features = Features({"image": Image(decode=False), "label": ClassLabel(names=names)})
    made = Dataset.from_generator(rows, features=features, gen_kwargs={"files": files}, num_proc=2,
                                  cache_dir=str(out / "cache"))
    if side:
        made = made.map(smaller, num_proc=2)
    made.cast_column("image", Image()).to_parquet(out / "train.parquet")
    assert made.num_rows == len(files), made.num_rows
"""
"""Dataset.from_generator with the bytes of each file, then to_parquet: its own way to embedded pictures."""


def prepare(folder: Path) -> Path:
    """The environment's Python; made if it is not there yet."""
    place = folder / "peers"
    if not (place / "ready").exists():
        print("setting up the peers ...", flush=True)
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(place)], check=True)
        subprocess.run([str(place / "bin" / "pip"), "install", "-q", *PACKAGES], check=True)
        (place / "ready").touch()
    for name, text in (("hashes.py", HASHES), ("writer.py", DATASETS)):
        (place / name).write_text(text)
    return place / "bin" / "python"


def hashes(python: Path, files: list[Path]) -> list[tuple[str, str]]:
    """(pHash, dHash) of each file, as hexadecimal digits."""
    listed = python.parents[1] / "files.json"
    listed.write_text(json.dumps([str(path) for path in files]))
    command = [str(python), str(python.parents[1] / "hashes.py"), str(listed)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return [(first, second) for first, second in json.loads(done.stdout)]


def writer(python: Path, folder: Path, out: Path, side: int) -> list[str]:
    """argv of `datasets`."""
    return [str(python), "-W", "ignore", str(python.parents[1] / "writer.py"), str(folder), str(out), str(side)]


def img2dataset(python: Path, urls: Path, out: Path, format: str, side: int) -> list[str]:
    """argv of img2dataset: the same size and quality; it downloads what ours reads from the disk."""
    resize = (
        ["--image_size", str(side), "--resize_mode", "keep_ratio_largest", "--resize_only_if_bigger", "True"]
        if side
        else ["--resize_mode", "no", "--skip_reencode", "True"]
    )
    return [
        *(str(python.with_name("img2dataset")), "--url_list", str(urls), "--output_folder", str(out / "d")),
        *("--output_format", format, "--input_format", "txt", "--processes_count", "2", "--thread_count", "32"),
        *("--encode_quality", "92", "--number_sample_per_shard", "1000", "--enable_wandb", "False", *resize),
    ]


ENVIRONMENT = {**os.environ, "NO_ALBUMENTATIONS_UPDATE": "1", "HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1"}
