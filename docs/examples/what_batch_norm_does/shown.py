"""What the experiments print and draw: spreads over seeds, tables, figures, and their options."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Iterable, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

__all__ = ["FIGURES", "band", "figure", "options", "spread", "table"]

FIGURES = Path(__file__).parents[2] / "figures"


def spread(values: Sequence[float], digits: int = 1) -> str:
    """The median of the seeds, and the smallest and the largest: `93.1 (92.0 … 94.2)`."""
    low, middle, high = np.min(values), np.median(values), np.max(values)
    return f"{middle:.{digits}f} ({low:.{digits}f} … {high:.{digits}f})"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table in Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def options(doc: str | None, **defaults: int) -> Namespace:
    """The command line: the data, and numbers with their defaults."""
    parser = ArgumentParser(description=(doc or "").partition("\n")[0])
    parser.add_argument("--data", default="digits", choices=["digits", "fashion-mnist"])
    for name, default in defaults.items():
        parser.add_argument(f"--{name}", type=int, default=default)
    return parser.parse_args()


@contextmanager
def figure(name: str, panels: int, **kwargs: Any) -> Any:
    """`panels` axes side by side, saved as docs/figures/NAME.svg afterwards."""
    import matplotlib

    matplotlib.use("svg")
    matplotlib.rcParams.update({"svg.hashsalt": "minigrad", "svg.fonttype": "none"})
    import matplotlib.pyplot as plt

    fig, axes = plt.subplots(
        1, panels, figsize=(4.6 * panels, 3.4), layout="constrained", squeeze=False, **kwargs
    )
    yield axes[0]
    FIGURES.mkdir(exist_ok=True)
    fig.savefig(FIGURES / f"{name}.svg", metadata={"Date": None})
    plt.close(fig)


def band(axis: Any, x: Sequence[float], y: Sequence[Sequence[float]], label: str) -> None:
    """A line through the median of the seeds at each x, and a band from least to largest."""
    values = np.asarray(y, dtype=float)
    (line,) = axis.plot(x, np.median(values, axis=1), marker="o", ms=3, label=label)
    axis.fill_between(x, values.min(axis=1), values.max(axis=1), color=line.get_color(), alpha=0.2)
