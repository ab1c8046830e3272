"""`python -m collector`: hands over to the command line, and says so in one line where it cannot run."""

import sys

OLDEST = (3, 11)


def run() -> None:
    """The command line. Exit code 2 for a Python that is too old, or one without the packages that are needed."""
    if sys.version_info < OLDEST:
        version = ".".join(map(str, sys.version_info[:3]))
        sys.exit(_told("needs Python 3.11 or newer, and %s is Python %s" % (sys.executable, version)))  # noqa: UP031
    try:
        from collector.cli import main

        main()
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] in ("", "collector"):
            raise
        cure = "use the environment it was set up in, or install it: %s -m pip install " % sys.executable  # noqa: UP031
        sys.exit(_told("the package %s is missing; %s%s" % (error.name, cure, _here())))  # noqa: UP031


def _here() -> str:
    """What pip installs this from: the folder that holds it."""
    from pathlib import Path

    folder = Path(__file__).resolve().parents[1]
    return str(folder) if (folder / "pyproject.toml").is_file() else "keyword-image-collector"


def _told(line: str) -> int:
    print("collector: " + line, file=sys.stderr)  # noqa: T201
    return 2


if __name__ == "__main__":
    run()
