"""The results as tables, as docs/performance.md, and as charts."""

import platform
import re
import statistics
import subprocess
from dataclasses import dataclass
from pathlib import Path

import chart

BENCH = Path(__file__).resolve().parent
DOCS = BENCH.parent / "docs"

WORK = {
    "insert": "new rows, keys back",
    "bulk": "new rows without their keys",
    "load": "whole rows",
    "update": "rows changed, each to a value of its own",
    "get": "rows got by key, cold",
    "graph": "users with 3 repositories and 2 notes each",
    "add-one": "units that add one row",
    "read-one": "units that read one row",
    "delete": "rows deleted that were loaded",
}
PLACES = {"memory": "SQLite in memory", "file": "an SQLite file", "postgres": "PostgreSQL", "mysql": "MySQL"}
NAMES = {
    "session": "the session",
    "diesel-rows": "Diesel, a statement a row",
    "diesel-batches": "Diesel, by batches",
    "rusqlite": "rusqlite by hand",
    "unnest": "Diesel, unnest by hand",
    "copy": "Diesel, COPY",
    "seaorm": "SeaORM",
    "sqlalchemy": "SQLAlchemy",
}


@dataclass
class Result:
    """The rounds of a case on a place."""

    case: str
    place: str
    rows: int
    rounds: dict

    def figures(self, name, clock):
        """Microseconds a row of each round."""
        return [took[clock] * 1e6 / self.rows for took in self.rounds[name]]

    def median(self, name, clock="wall"):
        return statistics.median(self.figures(name, clock))

    def title(self):
        return f"{PLACES[self.place]}: {self.rows:,} {WORK[self.case]}"

    def table(self):
        """A line for each contender, the quickest first: median, spread and ratio by the clock and by CPU time."""
        session = {clock: self.median("session", clock) for clock in ("wall", "cpu")}
        lines = [
            f"### {self.title()}",
            "",
            "| | clock, µs each | least – most | session's ratio to it | CPU, µs each | session's ratio to it | allocations each |",
            "| --- | ---: | ---: | ---: | ---: | ---: | ---: |",
        ]
        for name in sorted(self.rounds, key=self.median):
            wall, cpu = self.figures(name, "wall"), self.median(name, "cpu")
            counted = self.rounds[name][-1]["allocations"]
            allocations = "" if counted is None else f"{counted / self.rows:.1f}"
            ratios = [session["wall"] / self.median(name), session["cpu"] / cpu]
            ratios = ["" if name == "session" else f"{ratio:.2f}" for ratio in ratios]
            lines.append(
                f"| {NAMES[name]} | {statistics.median(wall):.2f} | {min(wall):.2f} – {max(wall):.2f} | {ratios[0]} "
                f"| {cpu:.2f} | {ratios[1]} | {allocations} |"
            )
        return "\n".join(lines) + "\n"


def version_of(package, lock):
    text = (BENCH / lock).read_text()
    found = re.search(rf'name = "{package}"\nversion = "([^"]+)"', text)
    return found.group(1) if found else "?"


def versions():
    """The versions of the contenders, from the files that pin them."""
    rust = {name: version_of(name, "rust/Cargo.lock") for name in ("diesel", "rusqlite", "libsqlite3-sys")}
    pinned = dict(line.split("==") for line in (BENCH / "sqlalchemy/requirements.txt").read_text().split())
    rustc = subprocess.run(["rustc", "--version"], capture_output=True, text=True, check=True).stdout.split()[1]
    return (
        f"Diesel {rust['diesel']}, rusqlite {rust['rusqlite']}, SeaORM {version_of('sea-orm', 'seaorm/Cargo.lock')}, "
        f"SQLAlchemy {pinned['SQLAlchemy']} on Python {platform.python_version()}, rustc {rustc}"
    )


def machine():
    model = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    cores = len(re.findall(r"^processor", Path("/proc/cpuinfo").read_text(), re.MULTILINE))
    return f"{cores} cores of {model.group(1) if model else 'an unnamed processor'}, {platform.system()} {platform.release()}"


HEAD = """# Performance

How much time the session takes beside other ways to do the same work: all contenders in one run of `bench/run`, by
turns, on one machine, so that the **ratios** mean something; the times alone do not. A ratio of 1.20 says that the
session takes 1.2 times as long as that contender, 0.10 a tenth. Medians of {rounds} rounds. Each round is a process of
its own, runs once to warm up, and is checked by the database after the clock has stopped. CPU is that of the client,
all of its threads.

Versions: {versions}. Machine: {machine}.

*Diesel, a statement a row* is how Diesel's guides write it; *by batches* is what an expert writes by hand for a table.
*rusqlite*, *unnest* and *COPY* are the database's own floor. SeaORM and SQLAlchemy do each case as their documentation
recommends for many rows. [bench/](../bench/README.md) has all of them, and how to run it.
"""


def write(results, rounds):
    """docs/performance.md, and a chart for each place."""
    parts = [HEAD.format(rounds=rounds, versions=versions(), machine=machine())]
    for place, name in PLACES.items():
        here = [result for result in results if result.place == place]
        picture = f"performance-{place}.svg"
        (DOCS / picture).write_text(chart.svg(f"Times the session's time, {name}", here, NAMES, WORK))
        parts.append(f"## {name[0].upper()}{name[1:]}\n\n![Each contender's time as a multiple of the session's]({picture})\n")
        parts += [result.table() for result in here]
    (DOCS / "performance.md").write_text("\n".join(parts))
