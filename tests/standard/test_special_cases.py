"""Special values, as the standard's tables list them; and what NumPy itself gets otherwise."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import minigrad as mg

from .reference import COMPLEX, FLOATS, numpy_standard
from .special import Case, cases, complex_table, numpy_differs, real_table, through_hyperbolic

tables = [("real", name, text) for name, text in real_table.items()]
tables += [("complex", name, text) for name, text in complex_table.items()]
every_table = pytest.mark.parametrize(
    ("kind", "name", "text"), tables, ids=[f"{kind}-{name}" for kind, name, _ in tables]
)


def parts(x: complex) -> tuple[float, ...]:
    return (x.real, x.imag) if isinstance(x, complex) else (float(x),)


def agree(found: complex, case: Case, eps: float) -> bool:
    """Whether a value is the table's: equal, or as close as an approximation of pi can be."""
    expected = parts(case.output)
    actual = parts(found) if len(expected) == 2 else parts(found)[:1]
    return len(actual) == len(expected) and all(
        agree_in_part(a, e, case.signed, eps) for a, e in zip(actual, expected, strict=True)
    )


def agree_in_part(a: float, e: float, signed: bool, eps: float) -> bool:
    if math.isnan(e) or math.isnan(a):
        return math.isnan(e) and math.isnan(a)
    if signed and math.copysign(1, a) != math.copysign(1, e):
        return False
    return abs(a) == abs(e) or math.isclose(abs(a), abs(e), rel_tol=4 * eps)


def failing(call: Any, text: str, dtypes: tuple[str, ...]) -> set[str]:
    """The cases of a table that `call` gets otherwise, in any of the dtypes."""
    wrong = set()
    for dtype in dtypes:
        eps = float(np.finfo(dtype).eps)
        for case in cases(text):
            inputs = [np.asarray([x], dtype=dtype) for x in case.inputs]
            if not agree(call(*inputs)[0].item(), case, eps):
                wrong.add(case.text)
    return wrong


@every_table
def test_special_cases_are_the_standards_where_they_are_numpys(
    kind: str, name: str, text: str, device: Any
) -> None:
    """Whatever fails here fails in NumPy too, and is listed; whatever is listed fails."""
    dtypes = FLOATS if kind == "real" else COMPLEX
    listed = {case for function, case in numpy_differs if function == name} & set(text.split())
    ours = lambda *xs: getattr(mg, name)(*(mg.asarray(x, device=device) for x in xs)).numpy()
    assert failing(ours, text, dtypes) == listed
    assert failing(getattr(numpy_standard, name), text, dtypes) == listed


def test_the_list_of_what_numpy_gets_otherwise_names_cases_of_the_tables() -> None:
    listed = {(name, case) for _, name, text in tables for case in text.split()}
    assert set(numpy_differs) <= listed
    assert all(numpy_differs.values()), "an entry lacks its reason"


@pytest.mark.parametrize("name", ["cos", *through_hyperbolic])
def test_circular_functions_of_complex_numbers_are_the_hyperbolic_ones_turned(
    name: str, device: Any
) -> None:
    """sin(z) = -i sinh(iz), and so on: the standard defines the special cases so."""
    other = {"cos": "cosh", **through_hyperbolic}[name]
    for case in cases(complex_table[other]):
        turned = case.inputs[0]
        z = mg.asarray([complex(turned.imag, -turned.real)], dtype="complex128", device=device)
        y = getattr(mg, name)(z).numpy()[0].item()
        back = y if name == "cos" else complex(-y.imag, y.real)
        if (other, case.text) not in numpy_differs:
            assert agree(back, case, float(np.finfo("float64").eps)), f"{name}({z}) is {y}"


def test_reductions_of_nothing_and_of_nan(device: Any) -> None:
    none = mg.zeros((0,), device=device)
    nan = mg.asarray([1.0, math.nan, 2.0], device=device)
    assert (mg.sum(none).item(), mg.prod(none).item()) == (0, 1)
    assert (mg.all(none).item(), mg.any(none).item()) == (True, False)
    assert math.isnan(mg.mean(none).item())
    assert mg.any(nan).item() is True
    for function in (mg.max, mg.min, mg.sum, mg.prod, mg.mean, mg.var, mg.std):
        assert math.isnan(function(nan).item())
    for function in (mg.var, mg.std):
        assert math.isnan(function(mg.ones(2, device=device), correction=2).item())
    for function in (mg.max, mg.min, mg.argmax, mg.argmin):
        with pytest.raises(ValueError, match=rf"^{function.__name__}: "):
            function(none)


def test_bounds_that_are_nan_make_nan(device: Any) -> None:
    x, nan = mg.asarray([0.5, math.nan], device=device), mg.asarray(math.nan, device=device)
    assert mg.isnan(mg.clip(x, 0.0, 1.0)).tolist() == [False, True]
    assert mg.isnan(mg.clip(x, nan, 1.0)).tolist() == [True, True]
    assert mg.isnan(mg.clip(x, 0.0, nan)).tolist() == [True, True]


def test_python_reads_special_values(device: Any) -> None:
    nan, inf, zero = (mg.asarray(x, device=device) for x in (math.nan, -math.inf, -0.0))
    assert (bool(nan), bool(inf), bool(zero)) == (True, True, False)
    assert math.isnan(float(nan)) and float(inf) == -math.inf
    assert math.copysign(1, float(zero)) == -1
    with pytest.raises(ValueError, match="NaN"):
        int(nan)
    with pytest.raises(OverflowError):
        int(inf)
    assert complex(inf) == complex(-math.inf, 0)
    assert complex(nan).imag == 0  # as Python has it, where the standard says NaN
    assert complex(mg.asarray(True, device=device)) == 1
