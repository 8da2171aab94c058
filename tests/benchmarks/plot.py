"""docs/benchmarks.svg, drawn from docs/benchmarks.json and nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from minigrad.bench import geometric_mean

from .bounds import median_over

__all__ = ["draw"]

PANELS = (
    ("Batch norm", "batch_norm", "PyTorch"),
    ("CNN step", "cnn_step", "PyTorch"),
    ("Convolution", "convolution", "PyTorch"),
    ("MLP step", "mlp_step", "PyTorch, nn and optim"),
)


def bars_of(result: dict[str, Any], reference: str) -> list[tuple[str, float]]:
    """Each candidate's time over the reference's, the geometric mean of cases; slowest first."""
    cases = list(result["cases"].values())
    everywhere = [n for n in cases[0] if all(n in case for case in cases) and n != reference]
    bars = [
        (n, geometric_mean([median_over(case, n, reference) for case in cases])) for n in everywhere
    ]
    return sorted([*bars, (reference, 1.0)], key=lambda bar: -bar[1])


def draw(data: dict[str, Any], path: Path) -> None:
    """A panel for each kind of work: a bar for each library, minigrad's own coloured."""
    import matplotlib

    matplotlib.use("svg")
    import matplotlib.pyplot as plt

    # The same file from the same numbers, and text as text.
    with matplotlib.rc_context({"svg.hashsalt": "minigrad", "svg.fonttype": "none"}):
        fig, panels = plt.subplots(2, 2, figsize=(11, 6), layout="constrained")
        for panel, (title, name, reference) in zip(panels.flat, PANELS, strict=True):
            result = data["benchmarks"].get(name)
            if result is None or not any(reference in case for case in result["cases"].values()):
                panel.set_axis_off()
                continue
            bars = bars_of(result, reference)
            names, ratios = zip(*bars, strict=True)
            colours = ["C0" if n.startswith("minigrad") else "0.7" for n in names]
            drawn = panel.barh(names, ratios, color=colours)
            panel.bar_label(drawn, fmt="%.2f", padding=3, fontsize=8)
            panel.axvline(1, color="0.3", lw=0.8)
            panel.set(title=title, xscale="log", xlabel=f"time over that of {reference}")
            panel.margins(x=0.15)
        fig.savefig(path, metadata={"Date": None})
        plt.close(fig)
