"""kill -9 at random moments of every phase, then the invariants: nothing lost, nothing twice, nothing corrupt.

    python bench/crash.py                     10 kills in each of load, search, fetch, report (about 4 minutes)
    python bench/crash.py --short             3 in each of load, fetch, report (under a minute; no browser)
    python bench/crash.py --kills 200 fetch   200 in one phase

load: planning a CSV of keywords, and entering a map of URLs. search: browsers on the practice web. fetch: downloads
of an imported map. report: writing urls.json, the summary and the backup. After each kill the folder is read as it
lies there, then the same command is started again (and killed again), until the work is done. Figures: `lost` rows
that say saved without their file, `corrupt` files whose bytes are not the recorded ones, `duplicated` URLs or bytes,
`open books` sums that do not close, `re-fetched` pictures asked for again per kill although they had arrived whole,
`strays` processes of ours left five seconds after the kill. The practice web's log is the oracle.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import Popen

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from collector.practice import Knobs, PracticeWeb
from tests.support.command import Desk
from tests.support.invariants import judge, saved_urls
from tests.support.maps import write_map

SWEEP_SECONDS = 5.0


@dataclass
class Figures:
    """One row of the table."""

    phase: str
    kills: int = 0
    finished: int = 0
    """Commands that came to their end before the kill."""
    lost: int = 0
    corrupt: int = 0
    duplicated: int = 0
    sums: int = 0
    strays: int = 0
    input_changed: int = 0
    left: int = 0
    """Parts and orphans that the end of the work did not clear."""
    refetched: list[int] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    @property
    def clean(self) -> bool:
        return not any((self.lost, self.corrupt, self.duplicated, self.sums, self.strays, self.left, self.problems))

    def read(self, desk: Desk, *, settled: bool) -> None:
        """Count what is wrong with the folder now."""
        verdict = judge(desk.images, settled=settled)
        self.lost += len(verdict.lost)
        self.corrupt += len(verdict.corrupt)
        self.duplicated += len(verdict.duplicated)
        self.sums += len(verdict.sums)
        self.left += len(verdict.orphans) + len(verdict.parts)
        if verdict:
            self.problems.append(repr(verdict)[:500])


def killed(process: Popen[str], seconds: float, figures: Figures) -> bool:
    """kill -9 after so many seconds; False when it had ended by then."""
    ends = time.monotonic() + seconds
    while time.monotonic() < ends and process.poll() is None:
        time.sleep(0.002)
    if process.poll() is None:
        process.kill()
    _, err = process.communicate()
    if process.returncode == -9:
        figures.kills += 1
        return True
    figures.finished += 1
    if process.returncode not in (0, 9) or "Traceback" in err:
        figures.problems.append(f"exit {process.returncode}: {err[-300:]}")
    return False


def swept(desk: Desk) -> int:
    """Processes of ours that are still there when they should not be."""
    ends = time.monotonic() + SWEEP_SECONDS
    while desk.strays() and time.monotonic() < ends:
        time.sleep(0.1)
    return len(desk.strays())


def finish(desk: Desk, figures: Figures, arguments: list[str]) -> None:
    """The same command, left alone, must end the work."""
    ended = desk.run(*arguments, seconds=600)
    if ended.code not in (0, 9):
        figures.problems.append(f"the last run ended with {ended.code}: {ended.err[-300:]}")
    figures.read(desk, settled=True)


# --------------------------------------------------------------------------- phases


def load(work: Path, kills: int, dice: random.Random) -> Figures:
    """Half of the kills while a CSV is planned, half while a map is entered: all of it is there, or nothing."""
    figures = Figures("load")
    desk = Desk(work / "load")
    keywords = 40_000
    desk.write("big.csv", "".join(f"keyword {n}\n" for n in range(keywords)))
    desk.write("map.csv", "keyword,url\n" + "".join(f"k{n % 500},http://x.test/{n}.jpg\n" for n in range(60_000)))
    before = {name: (desk.folder / name).read_bytes() for name in ("big.csv", "map.csv")}
    plan = ["search", "big.csv", "--set", "google.home=http://127.0.0.1:9"]
    enter = ["urls", "--import", "map.csv"]
    spans = {"plan": 4.0, "enter": seconds_of(lambda: desk.run(*enter)) * 1.05}
    shutil.rmtree(desk.images)
    while figures.kills < kills:
        name, arguments = ("plan", plan) if figures.kills % 2 else ("enter", enter)
        killed(desk.start(*arguments), dice.uniform(0.1, spans[name]), figures)
        figures.strays += swept(desk)
        figures.read(desk, settled=False)
        counts = rows(desk)
        whole = (counts.get("query", 0) in (0, keywords), counts.get("found", 0) in (0, 60_000))
        if (name == "plan" and not whole[0]) or (name == "enter" and not whole[1]):
            figures.problems.append(f"{name}: half of it is there: {counts}")
        shutil.rmtree(desk.images, ignore_errors=True)
    finish(desk, figures, enter)
    figures.input_changed += sum((desk.folder / name).read_bytes() != text for name, text in before.items())
    return figures


def search(work: Path, kills: int, dice: random.Random) -> Figures:
    """Searching and fetching with real browsers; started again and again until the list is done."""
    figures = Figures("search")
    with PracticeWeb(Knobs(latency=(0.02, 0.06))) as web:
        for round_ in range(kills):
            desk = Desk(work / f"search-{round_}")
            desk.write("queries.csv", "tabby cat\nred barn\nblue bus\ngreen frog\n")
            arguments = [
                "run",
                "--limit",
                "20",
                "--browsers",
                "1",
                "--allow-private",
                "--set",
                f"google.home={web.url}",
            ]
            while figures.kills < kills and killed(desk.start(*arguments), dice.uniform(1.0, 12.0), figures):
                figures.strays += swept(desk)
                figures.read(desk, settled=False)
                figures.refetched.append(0)
            web_before = gets(web)
            done_before = paths(desk, web)
            finish(desk, figures, arguments)
            again = gets(web) - web_before
            figures.problems += [f"asked again: {path}" for path in done_before if again[path]]
            if figures.kills >= kills:
                break
    figures.refetched.clear()
    return figures


def fetch(work: Path, kills: int, dice: random.Random) -> Figures:
    """Downloads of an imported map of 600 pictures, killed until it is done; then another folder."""
    figures = Figures("fetch")
    with PracticeWeb(Knobs(latency=(0.005, 0.03), slow=0.5)) as web:
        arguments = ["fetch", "--allow-private", "--set", "fetch.deadline=3", "--set", "fetch.backoff_max=0.2"]
        round_ = 0
        while figures.kills < kills:
            desk = Desk(work / f"fetch-{round_}")
            write_map(desk.folder / "map.csv", web.url, ("tabby cat", "red barn", "old bus"), 200)
            assert desk.run("urls", "--import", "map.csv").code == 0
            arrived: set[str] = set()
            for _ in kill_again(desk, arguments, figures, kills, lambda: dice.uniform(0.5, 2.5)):
                figures.read(desk, settled=False)
                before = gets(web)
                done = paths(desk, web)
                figures.refetched.append(len(arrived & done))  # Downloaded whole before an earlier kill, and not kept.
                arrived = whole(web) - done
                figures.problems += [f"asked again: {path}" for path in done if before[path] > 6]
            before, done = gets(web), paths(desk, web)
            finish(desk, figures, arguments)
            again = gets(web) - before
            figures.problems += [f"asked again: {path}" for path in done if again[path]]
            shutil.rmtree(desk.folder)
            web._log.clear()
            round_ += 1
    return figures


def report(work: Path, kills: int, dice: random.Random) -> Figures:
    """urls.json of 60,000 URLs, the backup and the note that all ended well: the map is always whole."""
    figures = Figures("report")
    desk = Desk(work / "report")
    desk.write("map.csv", "keyword,url\n" + "".join(f"k{n % 500},http://x.test/{n}.jpg\n" for n in range(60_000)))
    assert desk.run("urls", "--import", "map.csv").code == 0
    desk.write("one.csv", "keyword,url\nk1,http://x.test/one-more.jpg\n")
    arguments = ["urls", "--import", "one.csv"]
    span = seconds_of(lambda: desk.run(*arguments))
    while figures.kills < kills:
        killed(desk.start(*arguments), dice.uniform(span * 0.4, span * 1.05), figures)
        figures.strays += swept(desk)
        figures.read(desk, settled=False)
        try:
            urls = json.loads((desk.images / "urls.json").read_text(encoding="utf-8"))
            if sum(map(len, urls.values())) != 60_001:
                figures.problems.append("urls.json is not whole")
        except ValueError as error:
            figures.problems.append(f"urls.json: {error}")
    finish(desk, figures, arguments)
    return figures


PHASES: dict[str, Callable[[Path, int, random.Random], Figures]] = {
    "load": load,
    "search": search,
    "fetch": fetch,
    "report": report,
}


def kill_again(
    desk: Desk, arguments: list[str], figures: Figures, kills: int, delay: Callable[[], float]
) -> Iterator[None]:
    """A turn after each kill, until there were enough or the command came to its end."""
    while figures.kills < kills and killed(desk.start(*arguments), delay(), figures):
        figures.strays += swept(desk)
        yield


# --------------------------------------------------------------------------- oracles


def gets(web: PracticeWeb) -> Counter[str]:
    """GETs of originals by the fetch stage; the browser loads some of them too, under its own name."""
    return Counter(request.path for request in web.pictures() if "Chrome" not in request.headers.get("user-agent", ""))


def whole(web: PracticeWeb) -> set[str]:
    """Paths that were answered with a whole picture."""
    return {request.path for request in web.pictures() if request.status == 200 and request.ended}


def paths(desk: Desk, web: PracticeWeb) -> set[str]:
    """Paths at the practice web of every saved picture."""
    return {url.removeprefix(web.url) for url in saved_urls(desk.images)} if rows(desk) else set()


def rows(desk: Desk) -> dict[str, int]:
    """Rows of the tables; {} when there is no ledger yet."""
    import sqlite3
    from contextlib import closing

    if not (desk.images / "collector.db").is_file():
        return {}
    with closing(sqlite3.connect(desk.images / "collector.db")) as db:
        if not db.execute("SELECT 1 FROM sqlite_schema WHERE name = 'outcome'").fetchone():
            return {}
        return {
            name: db.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for name in ("query", "found", "outcome")
        }


def seconds_of(action: Callable[[], object]) -> float:
    """How long something takes."""
    started = time.monotonic()
    action()
    return time.monotonic() - started


def run(phases: list[str], kills: int, seed: int) -> list[Figures]:
    """Each phase in a folder of its own."""
    with tempfile.TemporaryDirectory(prefix="crash-") as work:
        return [PHASES[phase](Path(work), kills, random.Random(f"{seed}:{phase}")) for phase in phases]


def main() -> None:
    """Print the table; exit 1 when an invariant was broken."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("phases", nargs="*", help="load, search, fetch, report; all when none is named")
    parser.add_argument("--kills", type=int, default=0)
    parser.add_argument("--short", action="store_true")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    phases = given.phases or [phase for phase in PHASES if not (given.short and phase == "search")]
    table = run(phases, given.kills or (3 if given.short else 10), given.seed)
    print("| phase | kills | lost | duplicated | corrupt | open books | left over | re-fetched per kill | strays |")
    print("|---|---|---|---|---|---|---|---|---|")
    for row in table:
        median = f"{statistics.median(row.refetched):g} (most {max(row.refetched)})" if row.refetched else "-"
        figures = (row.kills, row.lost, row.duplicated, row.corrupt, row.sums, row.left, median, row.strays)
        print(f"| {row.phase} | {' | '.join(map(str, figures))} |")
    for row in table:
        for problem in row.problems[:10]:
            print(f"{row.phase}: {problem}")
    sys.exit(0 if all(row.clean for row in table) else 1)


if __name__ == "__main__":
    main()
