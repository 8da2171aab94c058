"""The picture of a run: losses and accuracy over the epochs."""

from __future__ import annotations

from io import BytesIO
from typing import Any

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

__all__ = ["draw_curve"]


def draw_curve(metrics: list[dict[str, Any]]) -> bytes:
    """A PNG of the metrics, one entry an epoch."""
    # Not pyplot: a Figure of its own needs no display, and leaves no global state behind.
    figure = Figure(figsize=(9, 3.5), layout="constrained")
    FigureCanvasAgg(figure)
    losses, accuracy = figure.subplots(1, 2)
    epochs = [row["epoch"] for row in metrics]
    losses.plot(epochs, [row["train_loss"] for row in metrics], ".-", label="train")
    losses.plot(epochs, [row["test_loss"] for row in metrics], ".-", label="test")
    losses.set(xlabel="epoch", ylabel="cross-entropy", yscale="log")
    losses.legend()
    accuracy.plot(epochs, [row["test_accuracy"] for row in metrics], ".-", color="C1")
    accuracy.set(xlabel="epoch", ylabel="test accuracy")
    for axes in (losses, accuracy):
        axes.grid(alpha=0.3)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    buffer = BytesIO()
    figure.savefig(buffer, format="png", dpi=120)
    return buffer.getvalue()
