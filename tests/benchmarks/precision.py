"""Errors of batch norm against float64, ours and PyTorch's: `python -m tests.benchmarks.precision`.

Prints the table of docs/precision.md, and draws its figure, docs/precision.svg. Errors are counted
in units as in `tests.bn.precision`: the largest of a batch, the median of a few batches, and the
worst of three deviations.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from tests.bn.precision import NAMES, errors, ours, pytorchs

SHAPES = {
    "(64, 32)": (64, 32),
    "(10000, 32)": (10_000, 32),
    "(100, 16, 100)": (100, 16, 100),
    "(16, 16, 28, 28)": (16, 16, 28, 28),
}
OFFSETS = (0.0, 1.0, 1e2, 1e4, 1e6, 1e7)
"""In deviations."""
SCALES = (1e-3, 1.0, 1e3)
BATCHES = 5
figure = Path(__file__).parents[2] / "docs" / "precision.svg"

Errors = dict[str, float]


def batch(shape: tuple[int, ...], offset: float, scale: float, seed: int) -> list[Any]:
    rng = np.random.default_rng(seed)
    x = scale * (offset + rng.standard_normal(shape))
    weight, bias = (rng.uniform(-3, 3, shape[1]) for _ in range(2))
    g = rng.standard_normal(shape)
    return [a.astype(np.float32) for a in (x, weight, bias, g)]


def typical(f: Callable[..., Any], shape: tuple[int, ...], offset: float, scale: float) -> Errors:
    """The median over batches of the largest error of each of the four values, in units."""
    found = [errors(f, *batch(shape, offset, scale, seed), 1e-5) for seed in range(BATCHES)]
    return {name: float(np.median([np.max(e[name]) for e in found])) for name in NAMES}


def worst(f: Callable[..., Any], shape: tuple[int, ...], offset: float) -> Errors:
    found = [typical(f, shape, offset, scale) for scale in SCALES]
    return {name: max(e[name] for e in found) for name in NAMES}


def measured() -> Iterator[tuple[str, float, Errors, Errors]]:
    for label, shape in SHAPES.items():
        for offset in OFFSETS:
            yield label, offset, worst(ours, shape, offset), worst(pytorchs, shape, offset)


def shown(units: float) -> str:
    return f"{units:.1f}" if units < 10 else f"{units:.0f}" if units < 1e3 else f"{units:.0e}"


def main() -> None:
    """Print the table, draw the figure."""
    rows = list(measured())
    print("| shape | offset | " + " | ".join(NAMES) + " |")
    print("|---|---|" + "---|" * len(NAMES))
    for label, offset, mine, theirs in rows:
        cells = [f"{shown(mine[n])} / {shown(theirs[n])}" for n in NAMES]
        print(f"| {label} | {offset:g} | " + " | ".join(cells) + " |")
    draw(rows)


def draw(rows: list[tuple[str, float, Errors, Errors]]) -> None:
    """One panel for each value: errors by offset."""
    import matplotlib

    matplotlib.use("svg")
    # The same file from the same numbers, and text as text.
    matplotlib.rcParams.update({"svg.hashsalt": "minigrad", "svg.fonttype": "none"})
    import matplotlib.pyplot as plt

    places = np.arange(len(OFFSETS))
    fig, panels = plt.subplots(1, 4, figsize=(13, 3.6), sharey=True, layout="constrained")
    for panel, name in zip(panels, NAMES, strict=True):
        for label, marker in zip(SHAPES, "osd^", strict=True):
            for column, side, colour in ((2, "minigrad", "C0"), (3, "PyTorch", "C1")):
                line = [row[column][name] for row in rows if row[0] == label]
                panel.plot(places, line, colour, marker=marker, label=f"{side} {label}", lw=1)
        panel.set(title=name, yscale="log", xlabel="offset, in deviations")
        panel.set_xticks(places, [f"{offset:g}" for offset in OFFSETS])
        panel.grid(alpha=0.3)
    panels[0].set_ylabel("largest error, in units")
    fig.legend(*panels[0].get_legend_handles_labels(), loc="outside right center", fontsize=8)
    fig.savefig(figure, metadata={"Date": None})


if __name__ == "__main__":
    main()
