"""What finds copies among the files of a folder: collector by its own commands, and others, each in an environment of
its own: imagededup, fastdup (CC BY-NC-ND; without its report to sentry.io) and cleanvision."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

from collector.api.collection import Collection

Pairs = set[frozenset[str]]
"""Names of two files each."""

COLLECTOR: Final = "collector dedupe --edited"
PDQ: Final = "collector dedupe"

SCRIPTS = {
    "imagededup PHash": """
import json, sys
from importlib.util import find_spec
from unittest.mock import MagicMock
import scipy.stats
own = ("imagededup.utils.models", "imagededup.methods.cnn")
absent = () if find_spec("torch") else ("torch", "torch.utils", "torch.utils.data", *own)
for name in absent:  # 9 GB, for its CNN alone.
    sys.modules[name] = MagicMock(Dataset=object)
from imagededup.methods import PHash
for name in absent:
    del sys.modules[name]
if __name__ == "__main__":
    found = PHash(verbose=False).find_duplicates(image_dir=sys.argv[1])
    json.dump([[one, other] for one, others in found.items() for other in others], open(sys.argv[2], "w"))
""",
    "imagededup CNN": """
import json, sys
from imagededup.methods import CNN
if __name__ == "__main__":
    found = CNN(verbose=False).find_duplicates(image_dir=sys.argv[1])
    json.dump([[one, other] for one, others in found.items() for other in others], open(sys.argv[2], "w"))
""",
    "fastdup 0.9": """
import json, sys
from pathlib import Path
import fastdup
if __name__ == "__main__":
    made = fastdup.create(work_dir=sys.argv[2] + ".work", input_dir=sys.argv[1])
    made.run(overwrite=True, num_threads=2, print_summary=False)
    rows = made.similarity()
    rows = rows[rows.distance >= 0.9]
    names = [[Path(name).name for name in rows[column]] for column in ("filename_from", "filename_to")]
    json.dump(list(zip(*names)), open(sys.argv[2], "w"))
""",
    "cleanvision": """
import json, sys
from itertools import pairwise
from pathlib import Path
from cleanvision import Imagelab
if __name__ == "__main__":
    kinds = ("near_duplicates", "exact_duplicates")
    lab = Imagelab(data_path=sys.argv[1])
    lab.find_issues({kind: {} for kind in kinds}, verbose=False)
    groups = [sorted(Path(path).name for path in group) for kind in kinds for group in lab.info[kind]["sets"]]
    json.dump([pair for group in groups for pair in pairwise(group)], open(sys.argv[2], "w"))
""",
}
"""Each as it comes: PHash within 10 of 64 bits, CNN from a cosine of 0.9 on, fastdup's edges of similarity from 0.9 on,
and cleanvision's near and exact duplicates."""
PACKAGES = {
    "imagededup": ("--no-deps", "imagededup"),
    "what imagededup needs": ("numpy", "Pillow", "tqdm", "scikit-learn", "PyWavelets", "matplotlib"),
    "fastdup": ("fastdup",),
    "cleanvision": ("cleanvision",),
}


def cpu() -> float:
    """Seconds of user and system, of all processes that were waited for."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def prepare(folder: Path) -> None:
    """Make the environments that are not there yet."""
    for name, packages in PACKAGES.items():
        place = folder / _environment(name)
        if not (place / f"{name} is there").exists():
            print(f"setting up {name} ...", flush=True)
            if not place.exists():
                subprocess.run([sys.executable, "-m", "venv", str(place)], check=True)
            subprocess.run([str(place / "bin" / "pip"), "install", "-q", *packages], check=True)
            (place / f"{name} is there").touch()


def others(folder: Path, name: str, pictures: Path, work: Path) -> Pairs | str:
    """The pairs that this one finds, or why it finds none."""
    out = work / "found.json"
    out.unlink(missing_ok=True)
    python = folder / _environment(name) / "bin" / "python"
    done = subprocess.run(
        [str(python), "-W", "ignore", "-c", SCRIPTS[name], str(pictures), str(out)],
        capture_output=True, text=True, check=False, cwd=work, env={**os.environ, "SENTRY_OPT_OUT": "1"},
    )  # fmt: skip
    if not out.exists():
        return (done.stderr.strip().splitlines() or [f"ended with {done.returncode}"])[-1]
    return {frozenset(pair) for pair in json.loads(out.read_text()) if pair[0] != pair[1]}


def ours(name: str, pictures: Path, work: Path) -> Pairs:
    """What collector leaves out, and what it keeps in its place, by its own commands."""
    out, how = work / "collection", ["--edited"] if name == COLLECTOR else []
    run = [sys.executable, "-m", "collector"]
    quietly: dict[str, Any] = {"check": True, "stdout": subprocess.DEVNULL, "cwd": Path(__file__).parents[1]}
    subprocess.run([*run, "import", str(pictures), "--label", "all", "--link", "--out", str(out)], **quietly)
    subprocess.run([*run, "dedupe", *how, "--out", str(out)], **quietly)
    names: dict[str, list[str]] = {}
    for path in sorted(pictures.iterdir()):
        names.setdefault(sha256(path.read_bytes()).hexdigest(), []).append(path.name)
    found = {frozenset(pair) for same in names.values() for pair in pairwise(same)}
    with Collection(out).reading() as ledger:
        return found | {frozenset((names[one.sha256][0], names[one.kept][0])) for one in ledger.dataset.verdicts()}


def _environment(name: str) -> str:
    return "imagededup" if "imagededup" in name else name.split()[0]
