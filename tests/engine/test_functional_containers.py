"""Values in containers, auxiliary values, and what users of other libraries try."""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import minigrad as mg
from minigrad import nn
from minigrad.tensor import Tensor
from minigrad.testing.derivatives import to_numpy
from minigrad_bn import BatchNorm1d

Pair = namedtuple("Pair", "first second")


@pytest.fixture
def x(device: Any) -> Tensor:
    return mg.tensor([0.5, 2.0], dtype=mg.float64, device=device)


def close(actual: Tensor, expected: Any) -> None:
    np.testing.assert_allclose(to_numpy(actual), expected, rtol=1e-14, atol=1e-14)


def f(p: Any) -> Any:
    a, b = p["a"], p["b"]
    return {"cube": a**3, "pair": Pair(mg.sum(a * b), [b * b])}


def test_a_vjp_takes_cotangents_in_the_form_of_the_value(x: Tensor) -> None:
    value, pull_back = mg.vjp(f, {"a": x, "b": 3 * x})
    assert isinstance(value["pair"], Pair)
    assert not value["cube"].requires_grad
    u = {"pair": Pair(2.0, [mg.asarray([1.0, -1.0], dtype=mg.float64, device=x.device)]),
         "cube": mg.asarray([10.0, 1.0], dtype=mg.float64, device=x.device)}  # fmt: skip
    (g,) = pull_back(u)
    close(g["a"], [10 * 3 * 0.25 + 2 * 1.5, 3 * 4 + 2 * 6])
    close(g["b"], [2 * 0.5 + 2 * 1.5, 2 * 2 - 2 * 6])


def test_a_jvp_gives_tangents_in_the_form_of_the_value_whatever_the_order_of_keys(
    x: Tensor,
) -> None:
    v, w = (mg.asarray(t, dtype=mg.float64, device=x.device) for t in ([1.0, -1.0], [0.5, 3.0]))
    value, tangent = mg.jvp(f, ({"a": x, "b": 3 * x},), ({"b": w, "a": v},))
    close(value["pair"].first, 3 * (0.25 + 4))
    close(tangent["cube"], [3 * 0.25, -3 * 4])
    close(tangent["pair"].first, 1.5 - 6 + 0.5 * 0.5 + 2 * 3)
    close(tangent["pair"].second[0], [2 * 1.5 * 0.5, 2 * 6 * 3])


def test_jacobians_of_containers_by_containers(x: Tensor) -> None:
    j = mg.jacobian(f)({"a": x, "b": 3 * x})
    close(j["cube"]["a"], np.diag([0.75, 12]))
    close(j["cube"]["b"], np.zeros((2, 2)))
    close(j["pair"].first["a"], [1.5, 6])
    close(j["pair"].second[0]["b"], np.diag([3, 12]))


def test_a_hessian_by_several_arguments_has_a_block_for_each_pair(x: Tensor) -> None:
    h = mg.hessian(lambda a, b: mg.sum(a**2 * b), argnums=(0, 1))(x, 3 * x)
    close(h[0][0], np.diag([3, 12]))
    close(h[0][1], np.diag([1, 4]))
    close(h[1][0], np.diag([1, 4]))
    close(h[1][1], np.zeros((2, 2)))


def test_auxiliary_values_travel_beside_every_derivative(x: Tensor) -> None:
    g = lambda a: (mg.sum(a**3), {"square": a * a, "name": "cubes"})
    runs = [
        mg.vjp(g, x, has_aux=True), mg.jvp(g, (x,), (x,), has_aux=True),
        mg.jacobian(g, has_aux=True)(x), mg.hessian(g, has_aux=True)(x),
    ]  # fmt: skip
    for run in runs:
        close(run[-1]["square"], [0.25, 4])
        assert not run[-1]["square"].requires_grad
        assert run[-1]["name"] == "cubes"
    close(runs[1][1], 3 * (0.125 + 8))
    close(runs[2][0], [0.75, 12])
    close(runs[3][0], np.diag([3, 12]))


def test_tensors_of_several_devices_and_precisions_have_derivatives_together(x: Tensor) -> None:
    other = mg.asarray([1.0, 2.0], dtype=mg.float32, device="strict:device1")
    g = lambda a, b: mg.sum(a**2) + mg.sum(b.to(x.device).to(mg.float64) * a)
    _, tangent = mg.jvp(g, (x, other), (x, other))
    close(tangent, 2 * (0.25 + 4) + 2 * (0.5 + 4))
    by_x, by_other = mg.hvp(g, (x, other), (x, other))
    close(by_x, [2 * 0.5 + 1, 2 * 2 + 2])
    assert (by_other.device, by_other.dtype) == (other.device, mg.float32)


def test_derivatives_that_are_looked_at_update_no_running_statistics(device: Any) -> None:
    layer = BatchNorm1d(2).to(device)
    a = mg.tensor([[0.5, 2.0], [1.0, 5.0], [3.0, 4.0]], device=device)
    g = lambda a: mg.sum(layer(a) ** 3)
    before = {name: to_numpy(t) for name, t in layer.state_dict().items()}
    mg.jacobian(g)(a), mg.hessian(g)(a), mg.hvp(g, (a,), (a,))
    for name, t in layer.state_dict().items():
        np.testing.assert_array_equal(to_numpy(t), before[name], err_msg=name)
    mg.grad(g)(a)
    assert layer.num_batches_tracked.item() == 1


def test_a_function_may_assign_to_its_argument_where_that_is_differentiated_further_out(
    x: Tensor,
) -> None:
    def g(a: Tensor) -> Tensor:
        a *= 2
        return mg.sum(a**3)

    outer = lambda a: mg.sum(mg.grad(g)(a * 1))
    close(mg.grad(outer)(x), 48 * np.array([0.5, 2.0]))


def test_modules_are_functions(device: Any) -> None:
    net = nn.Sequential(nn.Linear(2, 3), nn.Tanh()).to(device)
    a = mg.ones((1, 2), device=device)
    assert mg.jacobian(net)(a).shape == (1, 3, 1, 2)


mistakes: list[tuple[type[Exception], str, Callable[[Tensor], Any]]] = [
    (TypeError, "grad: argnums is 'a', expected an integer or several",
     lambda x: mg.grad(f, argnums="a")(x)),
    (TypeError, "grad: argnums is 1.5, expected an integer or several",
     lambda x: mg.grad(f, argnums=1.5)(x)),
    (ValueError, "grad: argnums 0, but there are 0 arguments by position",
     lambda x: mg.grad(lambda a: mg.sum(a))(a=x)),
    (TypeError, "jvp: the primals are a Tensor; pass a tuple, as (x,)",
     lambda x: mg.jvp(mg.exp, x, x)),
    (TypeError, "hvp: the tangents are a Tensor; pass a tuple, as (x,)",
     lambda x: mg.hvp(mg.sum, (x,), x)),
    (ValueError, "jvp: the tangents have not the form of the primals: expected a tuple of 1, got a "
     "tuple of 2", lambda x: mg.jvp(mg.exp, (x,), (x, x))),
    (ValueError, "jvp: the tangents have not the form of the primals: expected a dict with the "
     "keys ['a', 'b'], got a dict with the keys ['a']",
     lambda x: mg.jvp(f, ({"a": x, "b": x},), ({"a": x},))),
    (ValueError, "jvp: tangent of shape () for a primal of shape (2,)",
     lambda x: mg.jvp(mg.exp, (x,), (1.0,))),
    (ValueError, "vjp: the cotangent: expected a dict with the keys ['cube', 'pair'], got a Tensor",
     lambda x: mg.vjp(f, {"a": x, "b": x})[1](x)),
    (ValueError, "vjp: the cotangent: expected a Tensor, got a tuple of 1",
     lambda x: mg.vjp(mg.exp, x)[1]((x,))),
    (TypeError, "grad: with has_aux, the function has to return (value, aux)",
     lambda x: mg.grad(mg.sum, has_aux=True)(x)),
    (TypeError, "grad: the function returned a tuple, expected a single number; use mg.vjp or "
     "mg.jacobian", lambda x: mg.grad(lambda a: (mg.sum(a), a))(x)),
    (TypeError, "grad: the function returned int64, which has no derivative; return it beside the "
     "value, with has_aux=True", lambda x: mg.grad(mg.argmax)(x)),
    (TypeError, "vjp: the function returned a str, not a Tensor; what is no Tensor can be returned "
     "beside the value, with has_aux=True", lambda x: mg.vjp(lambda a: [a, "text"], x)),
    (TypeError, "jvp: an argument of dtype int64 has no derivative; use a floating one",
     lambda x: mg.jvp(mg.exp, (3,), (1,))),
]  # fmt: skip


@pytest.mark.parametrize(("error", "message", "call"), mistakes, ids=[m[1][:50] for m in mistakes])
def test_mistakes_are_told_to_the_letter(
    x: Tensor, error: type[Exception], message: str, call: Callable[[Tensor], Any]
) -> None:
    with pytest.raises(error) as caught:
        call(x)
    assert str(caught.value) == message
