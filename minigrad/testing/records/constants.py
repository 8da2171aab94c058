"""Records of functions whose value is integer or boolean, and has no derivative therefore."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

import minigrad as mg

from ..conduct import ErrorCase
from ..domain import Domain
from ..record import Case, OpRecord, Sides, named
from ..strategies.arrays import seeds, shapes
from ..strategies.calls import inputs_from, one_array, one_axis
from .kinds import binary, reduction, unary

__all__ = ["records"]

coarse = Domain(-2, 2, step=1.0)
integers = Domain(-4, 4, kind="i")
amounts = Domain(0, 5, kind="i")
truths = Domain(kind="b")


def sorting(draw: st.DrawFn, shape: tuple[int, ...]) -> dict[str, object]:
    return {**one_axis(draw, shape), "descending": draw(st.booleans())}


def extremum_axis(draw: st.DrawFn, shape: tuple[int, ...]) -> dict[str, object]:
    axis = st.integers(-len(shape), len(shape) - 1) if shape else st.none()
    return {"axis": draw(st.none() | axis), "keepdims": draw(st.booleans())}


@st.composite
def sorted_and_sought(draw: st.DrawFn, sides: Sides) -> Case:
    a, b = inputs_from((coarse, coarse), [draw(shapes(1, 1, sides)), draw(shapes(0, 2, sides))],
                  draw(seeds))  # fmt: skip
    return Case((np.sort(a), b), {"side": draw(st.sampled_from(["left", "right"]))})


def argsort_reference(x: np.ndarray, axis: int, descending: bool) -> np.ndarray:
    return np.argsort(-x if descending else x, axis=axis, stable=True)


comparisons = [
    binary(mg.equal, coarse, oracle="eq"),
    *[
        binary(primitive, coarse)
        for primitive in (mg.not_equal, mg.less, mg.less_equal, mg.greater, mg.greater_equal)
    ],
]

logic = [
    *[binary(p, truths) for p in (mg.logical_and, mg.logical_or, mg.logical_xor)],
    unary(mg.logical_not, truths),
    *[binary(p, integers) for p in (mg.bitwise_and, mg.bitwise_or, mg.bitwise_xor)],
    unary(mg.bitwise_invert, integers, reference=np.invert, oracle="bitwise_not"),
    binary(mg.bitwise_left_shift, amounts, amounts, reference=np.left_shift),
    binary(mg.bitwise_right_shift, amounts, amounts, reference=np.right_shift),
]

tests_of_floats = [unary(p) for p in (mg.isfinite, mg.isinf, mg.isnan, mg.signbit)]

searches = [
    reduction(named("all", constant=True), mg.all, truths),
    reduction(named("any", constant=True), mg.any, truths),
    reduction(named("count_nonzero", constant=True), mg.count_nonzero, coarse),
    reduction(named("argmax", constant=True), mg.argmax, coarse, params=extremum_axis),
    reduction(named("argmin", constant=True), mg.argmin, coarse, params=extremum_axis),
    OpRecord(
        "argsort",
        named("argsort", constant=True),
        mg.argsort,
        one_array(coarse, sorting, min_dims=1),
        argsort_reference,
        lambda t, x, axis, descending: t.argsort(x, dim=axis, descending=descending, stable=True),
        constant=True,
        errors=(
            ErrorCase(
                lambda device: mg.argsort(mg.ones((2, 3), device=device), axis=2),
                ValueError,
                "argsort: .*axis 2",
            ),
        ),
    ),
    OpRecord(
        "searchsorted",
        named("searchsorted", constant=True),
        mg.searchsorted,
        sorted_and_sought,
        np.searchsorted,
        lambda t, a, b, side: t.searchsorted(a, b, side=side),
        constant=True,
        errors=(
            ErrorCase(
                lambda device: mg.searchsorted(
                    mg.ones(3, device=device), mg.ones(2, device=device), side="middle"
                ),
                ValueError,
                "searchsorted: .*side",
            ),
        ),
    ),
    OpRecord(
        "astype to integers",
        named("astype", constant=True),
        lambda x, dtype: mg.astype(x, dtype),
        one_array(
            Domain(), lambda draw, shape: {"dtype": draw(st.sampled_from(["int32", "bool"]))}
        ),
        lambda x, dtype: x.astype(dtype),
        lambda t, x, dtype: x.to(getattr(t, dtype)),
        constant=True,
        errors=(
            ErrorCase(
                lambda device: mg.astype(mg.ones(2, device="strict"), mg.float16),
                TypeError,
                "backend 'strict' has no dtype 'float16'",
            ),
        ),
    ),
]

records = [*comparisons, *logic, *tests_of_floats, *searches]
