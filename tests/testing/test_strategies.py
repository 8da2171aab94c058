"""What the strategies draw: the forms asked for, all of them, and simple ones when they shrink."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import find, given, settings
from hypothesis import strategies as st

import minigrad as mg
from minigrad import nn
from minigrad.nn import functional as F
from minigrad.testing import Domain, lay_out
from minigrad.testing import strategies as mst
from minigrad_bn import BatchNorm2d, batch_norm

quick = settings(max_examples=300, database=None)


@given(st.data())
def test_arrays_have_the_dtype_the_shape_and_the_values_asked_for(data: Any) -> None:
    dtype = data.draw(mst.dtypes("fiubc"))
    shape = data.draw(mst.shapes(0, 3, (0, 1, 2)))
    x = data.draw(mst.arrays(shape, dtype))
    assert x.dtype == dtype
    assert x.shape == shape


@given(mst.arrays(elements=Domain(1.0, 2.0)), mst.arrays(elements=mst.huge_offset()))
def test_values_stay_inside_their_domain(x: Any, far: Any) -> None:
    assert np.all((x >= 1) & (x <= 2))
    assert np.all(np.abs(far - 1e7) <= 1)


@pytest.mark.parametrize(
    "wanted",
    [
        lambda x: x.ndim == 0,
        lambda x: x.size == 0,
        lambda x: not x.flags.writeable and x.ndim > 0,
        lambda x: x.ndim > 1 and x.flags.f_contiguous and not x.flags.c_contiguous,
        lambda x: any(s < 0 for s in x.strides),
        lambda x: x.ndim > 0 and 0 in x.strides and x.size > 1,
        lambda x: x.size > 1 and not x.flags.c_contiguous and not x.flags.f_contiguous,
    ],
)
def test_every_kind_of_array_is_drawn(wanted: Any) -> None:
    assert find(mst.arrays(mst.shapes(0, 3, (0, 1, 2, 3))), wanted, settings=quick) is not None


def test_a_failure_shrinks_to_a_small_array_of_quarters() -> None:
    x = find(mst.arrays(), lambda x: x.size >= 2, settings=quick)
    assert x.size <= 3
    np.testing.assert_array_equal(x * 4, np.round(x * 4))


@given(mst.broadcastable_arrays(3))
def test_arrays_that_broadcast_do(xs: Any) -> None:
    np.broadcast_shapes(*(x.shape for x in xs))


@given(st.data())
def test_axes_and_keys_fit_their_array(data: Any) -> None:
    x = data.draw(mst.arrays(layout="C"))
    np.sum(x, axis=data.draw(mst.axes(x.ndim)))
    key = data.draw(mst.index_expressions(x.shape))
    np.testing.assert_array_equal(mg.asarray(x)[key].numpy(), x[key])


@given(mst.tensors(dtype=mst.dtypes(), requires_grad=True))
def test_tensors_require_grad_where_asked(x: mg.Tensor) -> None:
    assert x.requires_grad


@given(mst.tensors(device="strict:device1"))
def test_tensors_are_on_the_device_asked_for(x: mg.Tensor) -> None:
    assert x.device == mg.device("strict:device1")


@given(mst.matmul_operands(), mst.matmul_operands(sides=(0, 2)))
def test_operands_multiply(one: Any, other: Any) -> None:
    np.matmul(*one)
    np.matmul(*other)


@given(mst.convolution_problems(), mst.convolution_problems(ndim=1), mst.pooling_problems())
def test_problems_of_windows_can_be_solved(two: Any, one: Any, pool: Any) -> None:
    def tensors(p: Any) -> list[Any]:
        return [mg.asarray(a) if isinstance(a, np.ndarray) else a for a in p]

    assert F.conv2d(*tensors(two)).size > 0
    assert F.conv1d(*tensors(one)).size > 0
    assert F.max_pool2d(*tensors(pool)).size > 0


@given(mst.batch_norm_problems(), mst.batch_norm_problems(offset=1e4, dtypes=("float64",)))
def test_problems_of_batch_norm_can_be_solved_and_are_not_trivial(p: Any, far: Any) -> None:
    for problem in (p, far):
        x, _, *vectors = (mg.asarray(a) for a in problem[:6])
        weight, bias, mean, var = vectors
        batch_norm(x, mean, var, weight, bias, True, problem.momentum, problem.eps)
        assert not np.any(problem.weight == 1)
    assert np.all(np.abs(far.input - 1e4) <= 3)


@given(st.data())
def test_states_of_a_module_can_be_loaded(data: Any) -> None:
    net = nn.Sequential(nn.Conv2d(1, 2, 3), BatchNorm2d(2))
    state = data.draw(mst.module_states(net, {"0.bias": Domain(5.0, 6.0)}))
    net.load_state_dict(state)
    assert np.all(net[1].running_var.numpy() > 0)
    assert np.all(net[0].bias.detach().numpy() >= 5)


@pytest.mark.parametrize(
    ("ask", "error", "text"),
    [
        (lambda: mst.dtypes("x").example(), ValueError, "no dtype of the kinds 'x'"),
        (lambda: mst.dtypes("c", "no such device"), ValueError, "unknown device"),
        (lambda: mst.shapes(3, 2), ValueError, "3 to 2 axes"),
        (lambda: mst.shapes(1, 2, ()), ValueError, r"sizes \(\) are none"),
        (lambda: find(mst.arrays(dtype="int64", elements=Domain()), bool), ValueError, "kind 'f'"),
        (
            lambda: find(mst.tensors((2,), "int64", requires_grad=True), lambda x: True),
            TypeError,
            "only floating-point Tensors have gradients",
        ),
        (lambda: mst.module_states(nn.Linear(2, 2), {"w": Domain()}), KeyError, "has no"),
        (lambda: lay_out(np.ones(2), "sideways"), ValueError, "'sideways' is none of"),
        (lambda: Domain(2.0, 1.0), ValueError, "no values from 2.0 to 1.0"),
        (lambda: Domain(kind="x"), ValueError, "kind 'x' is none of"),
        (lambda: find(mst.axes(-1), bool), ValueError, "axes: an array can't have -1 axes"),
        (lambda: find(mst.broadcastable_shapes(0), bool), ValueError, "0 shapes are none"),
        (lambda: find(mst.arrays(dtype="M8[s]"), bool), TypeError, r"datetime64\[s\] is no dtype"),
        (lambda: mst.cotangents_like(np.ones(2, int)), TypeError, "int64 has no derivative"),
        (lambda: find(mst.convolution_problems(dtype="int8"), bool), TypeError, "int8 is no float"),
        (lambda: find(mst.pooling_problems(dtype=bool), bool), TypeError, "bool is no floating"),
        (lambda: find(mst.batch_norm_problems(()), bool), TypeError, "problems: no dtype"),
        (lambda: find(mst.batch_norm_problems(ranks=(1,)), bool), ValueError, r"ranks \(1,\)"),
    ],
)
def test_what_is_impossible_is_refused_by_name(ask: Any, error: Any, text: str) -> None:
    with pytest.raises(error, match=text):
        ask()
