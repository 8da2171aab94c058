"""Records of the functions of `mg.special`; SciPy's values and PyTorch's derivatives judge them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from hypothesis import strategies as st

import minigrad as mg

from ..conduct import ErrorCase
from ..domain import Domain
from ..oracles import scipy_reference
from ..record import OpRecord, named
from ..strategies.calls import any_axis, broadcasting, one_array, one_axis
from .kinds import binary, unary

__all__ = ["composed", "records"]

positive = Domain(0.2, 4.0)
probability = Domain(0.2, 0.8)
off_poles = Domain(-3.0, 4.0, away=(-3.0, -2.0, -1.0, 0.0), margin=0.2)


def any_axis_but_none_left(draw: st.DrawFn, shape: tuple[int, ...]) -> dict[str, Any]:
    params = any_axis(draw, shape)
    return {**params, "axis": None if params["axis"] == () else params["axis"]}


def logsumexp_reference(x: Any, axis: Any, keepdims: bool) -> Any:
    with np.errstate(divide="ignore"):
        return np.log(np.sum(np.exp(x), axis=axis, keepdims=keepdims))


def torch_logsumexp(t: Any, x: Any, axis: Any, keepdims: bool) -> Any:
    axes = tuple(range(x.ndim)) if axis is None else axis
    return t.logsumexp(x, dim=axes, keepdim=keepdims) if x.ndim else x.clone()


def softmax_reference(x: Any, axis: int) -> Any:
    return np.exp(x) / np.sum(np.exp(x), axis=axis, keepdims=True)


def orders(draw: st.DrawFn, shape: tuple[int, ...]) -> dict[str, int]:
    return {"n": draw(st.integers(1, 4))}


def no_axis(call: Any) -> ErrorCase:
    return ErrorCase(
        lambda device: call(mg.ones((2, 3), device=device), axis=2), Exception, "axis 2"
    )


def scipys(name: str, domain: Domain = Domain(), oracle: Any = "", **more: Any) -> OpRecord:
    """The row of a function of one argument that SciPy and PyTorch call the same."""
    oracle = f"special.{name}" if oracle == "" else oracle
    return unary(named(name), domain, reference=scipy_reference(name), oracle=oracle, **more)


def torch_polygamma(t: Any, x: Any, n: int) -> Any:
    """PyTorch's own polygamma is good to ten digits only where n is 1; its zeta is exact."""
    return (-1) ** (n + 1) * math.factorial(n) * t.special.zeta(t.tensor(n + 1.0), x)


records = [
    unary(named("relu"), Domain(away=(0.0,)), reference=lambda x: np.maximum(x, 0), kinks="0 at 0"),
    scipys("expit"),
    scipys("logit", probability, kinks="infinite at 0 and 1"),
    unary(named("softplus"), reference=lambda x: np.logaddexp(x, 0),
          oracle=lambda t, x: t.nn.functional.softplus(x)),
    scipys("erf"),
    scipys("erfc"),
    scipys("erfcx", Domain(-1.5, 6.0, away=(4.0,))),
    scipys("erfinv", Domain(-0.9, 0.9), kinks="infinite at -1 and 1"),
    scipys("ndtr"),
    scipys("log_ndtr", Domain(-6.0, 3.0)),
    scipys("ndtri", probability, kinks="infinite at 0 and 1"),
    scipys("i0"),
    scipys("i1"),
    scipys("i0e", Domain(away=(0.0,)), kinks="0 at 0"),
    scipys("i1e", Domain(away=(0.0,))),
    # PyTorch's derivative of digamma is good to ten digits only.
    scipys("gammaln", off_poles, oracle=None),
    scipys("digamma", off_poles, oracle=None),
    OpRecord("polygamma", named("polygamma"), lambda x, n: mg.special.polygamma(n, x),
        one_array(positive, orders), lambda x, n: scipy_reference("polygamma")(n, x),
        torch_polygamma, errors=(
            ErrorCase(lambda device: mg.special.polygamma(-1, mg.ones(2, device=device)),
                ValueError,
                r"^polygamma: n is -1, expected 0, 1, 2, \.\.\."),
            ErrorCase(lambda device: mg.special.polygamma(1.5, mg.ones(2, device=device)),
                TypeError,
                "^polygamma: n is a float, expected an integer"),
        )),
    scipys("entr", positive, kinks="infinite at 0"),
    binary(named("xlogy"), Domain(zeros=0.2), positive, reference=scipy_reference("xlogy"),
           oracle="special.xlogy", kinks="0 where both are 0"),
    binary(named("xlog1py"), Domain(zeros=0.2), Domain(-0.8, 4.0),
           reference=scipy_reference("xlog1py"), oracle="special.xlog1py", kinks="0 at (0, -1)"),
    binary(named("rel_entr"), positive, positive, reference=scipy_reference("rel_entr"),
           oracle=lambda t, a, b: a * (a / b).log(), kinks="infinite where the first is 0"),
    OpRecord("logsumexp", named("logsumexp"), mg.special.logsumexp,
        one_array(params=any_axis_but_none_left), logsumexp_reference, torch_logsumexp,
        sums=True, errors=(no_axis(mg.special.logsumexp),)),
    OpRecord("softmax", named("softmax"), mg.special.softmax, one_array(params=one_axis,
        min_dims=1),
        softmax_reference, lambda t, x, axis: t.softmax(x, dim=axis),
        sums=True, errors=(no_axis(mg.special.softmax),)),
    OpRecord("log_softmax", named("log_softmax"), mg.special.log_softmax,
        one_array(params=one_axis, min_dims=1), lambda x, axis: np.log(softmax_reference(x, axis)),
        lambda t, x, axis: t.log_softmax(x, dim=axis),
        sums=True, errors=(no_axis(mg.special.log_softmax),)),
]  # fmt: skip

composed = [
    OpRecord("log_expit", None, mg.special.log_expit, one_array(), scipy_reference("log_expit"),
        lambda t, x: t.nn.functional.logsigmoid(x)),
    # Near 0, PyTorch's derivatives cancel; there ours are held to mpmath's, in tests/special.
    OpRecord("sinc", None, mg.special.sinc, one_array(Domain(away=(0.0,), margin=0.4)), np.sinc,
        lambda t, x: t.sinc(x)),
    OpRecord("kl_div", None, mg.special.kl_div, broadcasting(positive, positive),
        scipy_reference("kl_div"),
        lambda t, a, b: a * (a / b).log() - a + b, sums=True),
]  # fmt: skip
