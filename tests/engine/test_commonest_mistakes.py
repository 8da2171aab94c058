"""What users of small frameworks stumble over most, theme by theme, and what minigrad does instead.

U1 the same program on every backend; U2 the order of the walk; U3 depth; U4 accumulation and a
second backward; U5 assignment inside differentiated code; U6 values that change after they were
recorded; U7 kinks; U8 dtypes that drift; U9 unclear errors; U10 names that a library takes away.
"""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest

import minigrad as mg
from minigrad.backends import vocabulary
from tests.engine.lines import here


@pytest.fixture
def x(device: Any) -> mg.Tensor:
    return mg.tensor([1.0, 2.0], device=device, requires_grad=True)


def test_u1_one_program_has_the_same_gradients_on_every_backend(device: Any) -> None:
    def gradient(where: Any) -> Any:
        w = mg.tensor([[0.5, -1.0], [2.0, 0.25]], device=where, requires_grad=True)
        mg.sum(mg.tanh(w @ w) / (1 + mg.exp(w))).backward()
        assert w.grad.device is w.device
        return w.grad.numpy()

    np.testing.assert_allclose(gradient(device), gradient("cpu"), rtol=1e-6)


def test_u1_mixing_devices_is_an_error_that_says_how_to_move(x: mg.Tensor) -> None:
    elsewhere = "strict:device1"
    with pytest.raises(ValueError, match=rf"^add: inputs are on .* and {elsewhere}; move one, as"):
        x + mg.ones(2, device=elsewhere)


def test_u2_a_value_used_twice_waits_for_both_before_it_passes_them_on(device: Any) -> None:
    """The counter-example to plain recursion: it would visit b twice and find 6 or 2, not 4."""
    a = mg.tensor(3.0, device=device, requires_grad=True)
    b = a + a
    c = b + b
    c.backward()
    assert a.grad.item() == 4.0


def test_u3_a_deep_chain_runs_both_ways_is_shown_copied_and_freed() -> None:
    a = mg.tensor(1.0, requires_grad=True)
    y = a
    for _ in range(20_000):
        y = y + 1.0
    assert repr(copy.deepcopy(y)) == repr(y)
    y.backward()
    assert a.grad.item() == 1.0
    del y


def test_u4_gradients_of_leaves_accumulate_and_those_between_do_not_stay(x: mg.Tensor) -> None:
    y = x * x
    mg.sum(y).backward(retain_graph=True)
    mg.sum(y).backward()
    assert x.grad.tolist() == [4, 8]
    assert y.grad is None


def test_u4_a_second_backward_names_the_operation_its_line_and_the_way_out(x: mg.Tensor) -> None:
    y, line = mg.exp(x), here()
    y.backward(mg.ones_like(x))
    with pytest.raises(RuntimeError) as caught:
        y.backward(mg.ones_like(x))
    assert str(caught.value) == (
        f"backward: exp, recorded at {line} was differentiated before, and its values are gone; "
        "pass retain_graph=True the first time to go through it twice"
    )


def test_u4_grad_never_touches_the_gradients_of_leaves(x: mg.Tensor) -> None:
    mg.autograd.grad(mg.sum(x * x), x)
    assert x.grad is None


def test_u5_setting_an_item_of_a_leaf_says_how_to_write_it(x: mg.Tensor) -> None:
    with pytest.raises(ValueError, match=r"^x\[key\] = value: ") as caught:
        x[0] = 5.0
    assert str(caught.value) == (
        "x[key] = value: this Tensor is a leaf that requires grad; assign inside `with "
        "mg.no_grad():`, or write y = x.at[key].set(value)"
    )
    y = x.at[0].set(5.0)
    mg.sum(y * y).backward()
    assert (x.tolist(), x.grad.tolist()) == ([1, 2], [0, 4])


def test_u5_setting_items_of_a_result_is_differentiable(x: mg.Tensor) -> None:
    y = mg.zeros(3, device=x.device)
    for i in range(2):
        y[i] = x[i] * x[i]
    mg.sum(y * y).backward()
    assert x.grad.tolist() == [4, 32]


def test_u5_an_array_of_tensors_points_to_stack(x: mg.Tensor) -> None:
    for make in (np.array, np.asarray):
        with pytest.raises((TypeError, ValueError), match=r"mg\.stack"):
            make([x[0], x[1]])
    with pytest.raises((TypeError, ValueError), match=r"mg\.stack"):
        mg.add([x[0], x[1]], x)


def test_u6_a_leaf_that_changed_after_it_was_recorded_is_an_error(x: mg.Tensor) -> None:
    y = mg.sum(x * x)
    with mg.no_grad():
        x += 1.0
    with pytest.raises(RuntimeError, match=r"input 0 of multiply, .* a new value since"):
        y.backward()


def test_u6_arrays_that_come_in_or_go_out_are_copies(device: Any) -> None:
    source = np.asarray([1.0, 2.0])
    t = mg.tensor(source, device=device)
    source[0] = 99.0
    out = t.numpy()
    out[1] = 99.0
    assert t.tolist() == [1, 2]


@pytest.mark.parametrize(
    ("f", "at", "expected"),
    [
        (lambda x: mg.abs(x), 0.0, 0.0),
        (lambda x: mg.maximum(x, 0.0), 0.0, 0.5),
        (lambda x: mg.clip(x, 0.0, 1.0), 0.0, 1.0),
        (lambda x: mg.linalg.vector_norm(mg.stack([x, x])), 0.0, 0.0),
        (lambda x: mg.where(x > 0, x**2, 0.0), 0.0, 0.0),
        (lambda x: x**2.0, 0.0, 0.0),
    ],
    ids=["abs", "maximum", "clip", "norm", "where", "pow"],
)  # fmt: skip
def test_u7_kinks_have_the_gradient_of_the_written_table(
    device: Any, f: Any, at: float, expected: float
) -> None:
    x = mg.tensor(at, device=device)
    assert mg.grad(f)(x).item() == expected


def test_u7_the_trap_of_where_is_found_by_detect_anomaly(device: Any) -> None:
    x = mg.tensor([0.0, 4.0], device=device, requires_grad=True)
    y, line = mg.sqrt(x), here()
    loss = mg.sum(mg.where(x > 0, y, 0.0))
    with (
        np.errstate(all="ignore"),
        mg.detect_anomaly(),
        pytest.raises(FloatingPointError, match=rf"the gradient of sqrt, recorded at {line}, for"),
    ):
        loss.backward()


@pytest.mark.parametrize("dtype", [mg.float16, mg.float32, mg.float64])
def test_u8_a_gradient_has_its_inputs_dtype_and_numbers_are_weak(dtype: Any) -> None:
    x = mg.tensor([1.0, 2.0], dtype=dtype, requires_grad=True)
    y = mg.mean((2.0 * x + 1) ** 2 / 3) + np.float64(0.5)
    y.backward()
    assert (y.dtype, x.grad.dtype) == (dtype, dtype)


def test_u9_what_has_no_gradient_says_so_and_where(x: mg.Tensor) -> None:
    y, line = mg.nextafter(x, x + 1), here()
    with pytest.raises(TypeError) as caught:
        mg.sum(y).backward()
    assert str(caught.value).startswith(f"nextafter, recorded at {line}, has no derivative")


def test_u9_numpys_functions_refuse_a_tensor_and_unknown_names_are_no_attributes(
    x: mg.Tensor,
) -> None:
    with pytest.raises(TypeError, match="__array_ufunc__"):
        np.sin(x)
    with pytest.raises(AttributeError, match="module 'minigrad' has no attribute 'arctan3'"):
        mg.arctan3  # noqa: B018


def test_u10_rules_run_where_only_names_of_the_standard_exist() -> None:
    """array-api-strict has no other names, and the words that we add are listed."""
    strict = mg.backends.get("strict").xp
    assert not hasattr(strict, "einsum")
    assert not hasattr(strict, "concatenate")
    assert set(vocabulary.__all__) <= set(vars(strict))
    x = mg.tensor([1.0, 2.0], device="strict", requires_grad=True)
    mg.sum(mg.concat([x, x[:1]]) ** 2).backward()
    assert x.grad.tolist() == [4, 4]
