"""Runs the command line again and again with a fault at its n-th step, each in a fork of one warm process.

    python -m tests.faults.cases WORK

Takes lines of JSON, [kind, how, step, arguments of collector], and prints a line of JSON per case: n, hit, code, wrong,
then, wrong_then, said. The last case of an order is the first n not hit.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path

from collector.fetch import pool
from tests.faults import sitecustomize as faults
from tests.support.fetching import ProcessHere
from tests.support.invariants import judge
from tests.support.warm import import_all


def forked(arguments: list[str], folder: Path, spec: str = "", log: Path | None = None) -> int:
    """The exit code of the command line in a child; with a worker process where it matters for the fault."""
    sys.stdout.flush()
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    code = 70
    try:
        os.chdir(folder)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        quiet = os.open(folder / "said.txt", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        os.dup2(quiet, 1)
        os.dup2(quiet, 2)
        kind, how = spec.partition(":")[0], spec.rpartition(":")[2]
        if how != "die" and kind not in (
            "open",
            "write",
        ):  # What else a worker does is removing, which a thread does too.
            pool.LocalProcess = ProcessHere  # type: ignore[attr-defined]
        if spec:
            if how != "die":  # Then a worker's process meets it too.
                os.environ.update(FAULT=spec, FAULT_UNDER=str(folder / "images"), FAULT_LOG=str(log))
                os.environ["PYTHONPATH"] = str(Path(faults.__file__).parent)
            faults.install(spec, str(folder / "images"), str(log))
        from collector.cli import main

        main(arguments)
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 1
    except BaseException:  # noqa: BLE001 - it is printed, and the exit code tells
        import traceback

        traceback.print_exc()
        code = 1
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def main() -> None:
    """The orders, one after the other."""
    import_all()  # No thread may run when the cases are forked.
    for order in sys.stdin:
        every_step(Path(sys.argv[1]), *json.loads(order))


def every_step(work: Path, kind: str, how: str, step: int, arguments: list[str]) -> None:
    """One kind of fault, n = 1, 1 + step, ..."""
    number = 1
    while True:
        folder = work / f"{kind}-{how}-{number}"
        shutil.rmtree(folder, ignore_errors=True)
        (folder / "images").mkdir(parents=True)
        shutil.copytree(work / "template", folder, dirs_exist_ok=True)
        log = folder / "fault.txt"
        code = forked(arguments, folder, f"{kind}:{number}:{how}", log)
        hit = log.read_text() if log.is_file() else ""
        wrong = judge(folder / "images", settled=False)
        then = forked(arguments, folder)
        wrong_then = judge(folder / "images")
        said = (folder / "said.txt").read_text()
        row = {"n": number, "hit": hit, "code": code, "wrong": repr(wrong) if wrong else "", "then": then}
        row |= {"wrong_then": repr(wrong_then) if wrong_then else "", "said": said[-2000:]}
        print(json.dumps(row), flush=True)
        if not hit:
            return
        shutil.rmtree(folder)
        number += step


if __name__ == "__main__":
    main()
