"""Figures as tables of Markdown."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from minigrad.bench import geometric_mean

from .bounds import median_over

__all__ = [
    "Table",
    "Tables",
    "amount",
    "by_candidate",
    "by_case",
    "chain_tables",
    "import_tables",
    "markdown",
    "memory_tables",
    "overhead_tables",
]

Result = dict[str, Any]
Table = Iterable[Iterable[str]]
"""Rows of cells, the first the heads of the columns."""
Tables = Callable[[Result], Iterable[Table]]


def amount(x: float) -> str:
    """Three digits."""
    return f"{x:.3g}" if x < 1000 else f"{x:,.0f}"


def time(microseconds: float) -> str:
    return (
        f"{amount(microseconds)} µs" if microseconds < 1e3 else f"{amount(microseconds / 1e3)} ms"
    )


def times(one: Result) -> str:
    return f"{time(one['median'])} ±{one['spread']:.0%}"


def ratio(one: Result, reference: str) -> str:
    over = one["over"].get(reference)
    return f"{over['median']:.2f} ({over['low']:.2f}-{over['high']:.2f})" if over else ""


def candidates_of(result: Result) -> list[str]:
    """All that took part in a case, ours first."""
    names = dict.fromkeys(name for case in result["cases"].values() for name in case)
    return sorted(names, key=lambda name: not name.startswith("minigrad"))


def by_case(what: str, reference: str) -> Tables:
    """A row a case: the time of the reference, and each candidate's ratio to it, if it is there."""

    def tables(result: Result) -> Iterable[Table]:
        cases = result["cases"]
        if not all(reference in case for case in cases.values()):
            yield [[what, "minigrad"], *([n, times(c["minigrad"])] for n, c in cases.items())]
            return
        others = [n for n in candidates_of(result) if n not in (reference, "copying")]
        rows = [
            [
                name,
                times(case[reference]),
                *(ratio(case[n], reference) if n in case else "" for n in others),
            ]
            for name, case in cases.items()
        ]
        means = []
        for n in others:
            ratios = [median_over(case, n, reference) for case in cases.values() if n in case]
            means.append(f"{geometric_mean(ratios):.2f}" if len(ratios) == len(cases) else "")
        yield [[what, reference, *others], *rows, ["geometric mean", "", *means]]

    return tables


def by_candidate(*references: str) -> Tables:
    """A row a candidate of the only case, the fastest first."""

    def tables(result: Result) -> Iterable[Table]:
        (case,) = result["cases"].values()
        here = [reference for reference in references if reference in case]
        rows = sorted(case.items(), key=lambda item: item[1]["median"])
        yield [
            ["", "time", *(f"over {reference}" for reference in here)],
            *([n, times(one), *(ratio(one, reference) for reference in here)] for n, one in rows),
        ]

    return tables


def overhead_tables(result: Result) -> Iterable[Table]:
    cases = result["cases"]
    kinds = ("forward", "with backward")
    rows = []
    for operation in dict.fromkeys(name.partition(",")[0] for name in cases):
        pair = [cases[f"{operation}, {kind}"]["minigrad"] for kind in kinds]
        cells = [[time(one["median"]), ratio(one, "PyTorch")] for one in pair]
        rows.append([operation, *cells[0], *cells[1]])
    means = []
    for kind in kinds:
        ours = [case["minigrad"]["over"] for name, case in cases.items() if name.endswith(kind)]
        ratios = [over["PyTorch"]["median"] for over in ours if "PyTorch" in over]
        means += ["", f"{geometric_mean(ratios):.2f}" if ratios else ""]
    yield [
        ["", "forward", "over PyTorch", "with backward", "over PyTorch"],
        *rows,
        ["geometric mean", *means],
    ]


def chain_tables(result: Result) -> Iterable[Table]:
    yield [
        ["", "1,000", "100,000", "ratio"],
        *(
            [name, time(c["short"]["median"]), time(c["long"]["median"]), ratio(c["long"], "short")]
            for name, c in result["cases"].items()
        ),
    ]


def memory_tables(result: Result) -> Iterable[Table]:
    names = candidates_of(result)
    yield [
        ["step", *names, "over PyTorch"],
        *(
            [
                case,
                *(f"{amount(c[n]['median'])} MiB" for n in names),
                ratio(c["minigrad"], "PyTorch"),
            ]
            for case, c in result["cases"].items()
        ),
    ]


def import_tables(result: Result) -> Iterable[Table]:
    one = result["cases"]["import"]["minigrad"]
    yield [["", "time"], ["`import minigrad`", f"{amount(one['median'])} ms ±{one['spread']:.0%}"]]


def markdown(table: Table) -> str:
    head, *rows = [list(row) for row in table]
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
