"""What the figures are to be at most, and what they are."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from minigrad.bench import geometric_mean

__all__ = ["BOUNDS", "Bound", "loaded", "median_over"]

Figures = dict[str, Any]


class Bound(NamedTuple):
    """A sentence about a figure, the most it may be, and how to read it off what was measured.

    `value` raises LookupError or ValueError where nothing was measured that it could be read off.
    """

    work: str
    most: float
    unit: str
    value: Callable[[Figures], float]


def median_over(case: Figures, candidate: str, reference: str) -> float:
    """A candidate's ratio over a reference."""
    value: float = case[candidate]["over"][reference]["median"]
    return value


def all_over(benchmark: str, candidate: str, reference: str) -> Callable[[Figures], list[float]]:
    """The candidate's ratios in all cases."""
    return lambda found: [
        median_over(case, candidate, reference) for case in found[benchmark]["cases"].values()
    ]


def step(benchmark: str, candidate: str, reference: str) -> Callable[[Figures], float]:
    """The ratio in the one case of a training step."""
    return lambda found: all_over(benchmark, candidate, reference)(found)[0]


def operations(kind: str) -> Callable[[Figures], list[float]]:
    """The ratios of all operations, `forward` or `with backward`."""
    return lambda found: [
        median_over(case, "minigrad", "PyTorch")
        for name, case in found["overhead"]["cases"].items()
        if name.endswith(kind)
    ]


def copying(found: Figures) -> float:
    """Of the shape that was copied."""
    for case in found["batch_norm"]["cases"].values():
        if "copying" in case:
            return median_over(case, "minigrad", "copying")
    raise LookupError("copying")


def loaded(result: Figures) -> Iterator[tuple[str, str, float]]:
    """Case, candidate, and the candidate's time beside a neighbour over its quiet one."""
    for case, candidates in result["cases"].items():
        for name, one in candidates.items():
            if "loaded" in one:
                yield case, name, one["loaded"]


def worst_loaded(found: Figures) -> float:
    return max(
        ratio
        for result in found.values()
        for _, name, ratio in loaded(result)
        if name.startswith("minigrad")
    )


norm = all_over("batch_norm", "minigrad", "PyTorch")
norm_alone = all_over("batch_norm", "minigrad, NumPy alone", "PyTorch")
convolutions = all_over("convolution", "minigrad", "PyTorch")

BOUNDS = (
    Bound(
        "Batch norm, geometric mean of the shapes",
        *(0.4, "x PyTorch", lambda found: geometric_mean(norm(found))),
    ),
    Bound("Batch norm, the worst shape", 1.0, "x PyTorch", lambda found: max(norm(found))),
    Bound("Batch norm, the largest shape", 2.0, "x copying", copying),
    Bound(
        "Batch norm, NumPy alone, geometric mean",
        *(1.5, "x PyTorch", lambda found: geometric_mean(norm_alone(found))),
    ),
    Bound(
        "MLP step, Tensors",
        *(0.5, "x PyTorch", step("mlp_step", "minigrad, Tensors", "PyTorch, Tensors")),
    ),
    Bound(
        "MLP step, `nn` and `optim`",
        *(0.6, "x PyTorch", step("mlp_step", "minigrad, nn and optim", "PyTorch, nn and optim")),
    ),
    Bound(
        "MLP step, captured",
        *(1.1, "x NumPy by hand", step("mlp_step", "minigrad, captured", "NumPy by hand")),
    ),
    Bound(
        "MLP step, captured", 1.0, "x JAX jit", step("mlp_step", "minigrad, captured", "JAX jit")
    ),
    Bound("CNN step", 0.8, "x PyTorch", step("cnn_step", "minigrad", "PyTorch")),
    Bound(
        "CNN step, NumPy alone",
        *(1.2, "x PyTorch", step("cnn_step", "minigrad, NumPy alone", "PyTorch")),
    ),
    Bound(
        "CNN step, captured",
        *(0.6, "x PyTorch", step("cnn_step", "minigrad, captured", "PyTorch")),
    ),
    Bound("Convolution, the worst size", 2.0, "x PyTorch", lambda found: max(convolutions(found))),
    Bound(
        "One operation with backward, geometric mean",
        *(0.5, "x PyTorch", lambda found: geometric_mean(operations("with backward")(found))),
    ),
    Bound(
        "One operation forward, the worst",
        *(1.5, "x PyTorch", lambda found: max(operations("forward")(found))),
    ),
    Bound(
        "Peak memory of the CNN step",
        *(1.0, "x PyTorch"),
        lambda found: median_over(found["memory"]["cases"]["CNN"], "minigrad", "PyTorch"),
    ),
    Bound(
        "`import minigrad` over `import numpy`",
        *(40.0, " ms"),
        lambda found: found["import_time"]["cases"]["import"]["minigrad"]["median"],
    ),
    Bound("Anything timed, beside a busy neighbour", 2.0, "x quiet", worst_loaded),
)
