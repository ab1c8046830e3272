"""A function for the processes of `collector.images.processes` whose files do what their names say."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

from collector.errors import InputError
from collector.images.extent import Extent
from collector.images.sniff import Unusable


def named(file: Path, suffix: str) -> str:
    """The file's name and the suffix, unless the name says otherwise."""
    match file.name:
        case "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        case "kill-once":
            if not file.exists():
                file.touch()
                os.kill(os.getpid(), signal.SIGKILL)
        case "hang":
            time.sleep(600)
        case "memory":
            bytearray(1 << 40)
        case "no picture":
            raise Unusable("image.unidentified", "told")
        case "no model":
            raise InputError("model.onnx: no network")
        case "surprise":
            return str(1 // 0)
    if "slow" in file.name:
        time.sleep(0.05)
    return file.name + suffix


def compared(paths: tuple[Path, ...], _store: str) -> list[Extent]:
    """As `same_scene.compared`, of names alone: all are of one scene, but some are not to be looked at together."""
    if any(path.name == f"not with {paths[0].name}" for path in paths):
        raise Unusable("image.unidentified", "told")
    return [Extent(1.0)] * (len(paths) - 1)


def priorities(paths: tuple[Path, ...]) -> list[int]:
    """How far this process stands back behind others, for each file; a file called so spoils its batch."""
    if len(paths) > 1 and any(path.name == "no picture" for path in paths):
        raise Unusable("image.unidentified", "told")
    return [os.nice(0)] * len(paths)
