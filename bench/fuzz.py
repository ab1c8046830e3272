"""Arbitrary answers, files, pictures and ledgers at everything that reads them, for as long as is asked.

    python bench/fuzz.py --minutes 60

The property tests of the suite, each with 500 examples instead of 40, round after round with another seed. The first
example that breaks one is shown, made as small as it can be, and ends it with exit code 1; Hypothesis keeps it in
`.hypothesis/`, so that the next run of the suite meets it again.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
HANGS = 1200
"""Seconds that one test may take with all its examples."""


def files() -> list[str]:
    """The files of tests that use Hypothesis."""
    found = (path for path in sorted((ROOT / "tests").rglob("test_*.py")) if "import given" in path.read_text("utf-8"))
    return [str(path.relative_to(ROOT)) for path in found]


def main() -> int:
    """Rounds until the time is over or something is found; 0 when nothing was."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--short", action="store_true", help="one round of the suite's own size")
    parser.add_argument("tests", nargs="*", help="files of tests; all that use Hypothesis when none is named")
    given = parser.parse_args()
    ends, seed = time.monotonic() + 60 * given.minutes, int(time.time())
    while time.monotonic() < ends:
        command = [
            sys.executable,
            "-m",
            "pytest",
            "-x",
            "-q",
            "-m",
            "hypothesis",
            f"--timeout={HANGS}",
            *(given.tests or files()),
        ]
        command.append(f"--hypothesis-profile={'short' if given.short else 'long'}")
        print(f"seed {seed}, {(ends - time.monotonic()) / 60:.0f} minutes left", flush=True)
        if subprocess.run([*command, f"--hypothesis-seed={seed}"], cwd=ROOT, check=False).returncode:
            return 1
        if given.short:
            break
        seed += 1
    print("nothing was found")
    return 0


if __name__ == "__main__":
    sys.exit(main())
