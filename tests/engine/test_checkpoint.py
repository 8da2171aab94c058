"""A checkpoint saves memory and changes nothing else: not a bit of any gradient, not a count."""

from __future__ import annotations

import contextvars
import gc
import tracemalloc
import warnings
import weakref
from collections import namedtuple
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given

import minigrad as mg
from minigrad import nn
from minigrad.tensor import Tensor
from minigrad.testing.budget import examples
from minigrad.testing.derivatives import to_numpy
from minigrad.testing.strategies.arrays import seeds
from minigrad.testing.strategies.programs import Step, drawn, loss_of, programs
from minigrad_bn import BatchNorm1d

Call = Callable[..., Any]
Pair = namedtuple("Pair", "first second")


def plainly(f: Call, *args: Any, **kwargs: Any) -> Any:
    return f(*args, **kwargs)


def nested(f: Call, *args: Any, **kwargs: Any) -> Any:
    return mg.checkpoint(lambda *a, **k: mg.checkpoint(f, *a, **k), *args, **kwargs)


ways = pytest.mark.parametrize("way", [mg.checkpoint, nested], ids=["checkpoint", "nested"])


def assert_same_bits(actual: list[Any], expected: list[Any]) -> None:
    for i, (a, b) in enumerate(zip(actual, expected, strict=True)):
        np.testing.assert_array_equal(a, b, err_msg=f"number {i}")


@pytest.fixture
def x(device: Any) -> Tensor:
    return mg.tensor([0.5, 2.0, -1.0], device=device, requires_grad=True)


# --- gradients -----------------------------------------------------------------------------------


@ways
@examples(2.0)
@given(program=programs, seed=seeds)
def test_random_programs_have_the_same_derivatives_of_both_orders_bit_for_bit(
    device: Any, way: Call, program: list[Step], seed: int
) -> None:
    def derivatives(call: Call) -> list[Any]:
        arrays, directions = drawn(seed)
        leaves = [mg.asarray(a, device=device, requires_grad=True) for a in arrays]
        loss = call(loss_of, mg, program, leaves)
        first = mg.autograd.grad(loss, leaves, create_graph=True)
        slope = sum(
            mg.sum(g * mg.asarray(v, device=device)) for g, v in zip(first, directions, strict=True)
        )
        slope.backward()
        return [to_numpy(t) for t in (loss, *first, *(leaf.grad for leaf in leaves))]

    assert_same_bits(derivatives(way), derivatives(plainly))


@ways
def test_containers_go_in_and_come_out(x: Tensor, way: Call) -> None:
    def f(p: Any, *, scale: float) -> Any:
        h = mg.tanh(p["x"]) * p["pair"].first[0]
        return {"sum": h + x, "pair": Pair([mg.exp(h)], "text"), "scale": scale, "none": None}

    def gradients(call: Call) -> list[Any]:
        w = mg.tensor(1.5, device=x.device, requires_grad=True)
        x.grad = None
        y = call(f, {"x": x, "pair": Pair((w,), None)}, scale=0.5)
        assert isinstance(y["pair"], Pair)
        assert (y["pair"].second, y["scale"], y["none"]) == ("text", 0.5, None)
        mg.sum(y["sum"] * y["pair"].first[0]).backward()
        return [to_numpy(x.grad), to_numpy(w.grad)]

    assert_same_bits(gradients(way), gradients(plainly))


@ways
def test_gradients_reach_parameters_of_a_closure_and_accumulate(device: Any, way: Call) -> None:
    def gradients(call: Call) -> list[Any]:
        mg.random.manual_seed(3)
        net = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2)).to(device)
        u = mg.random.normal((5, 2), device=device)
        for _ in range(2):
            y = call(net, mg.random.normal((5, 3), device=device))
            mg.sum(y * y * u).backward()
        return [to_numpy(p.grad) for p in net.parameters()]

    assert_same_bits(gradients(way), gradients(plainly))


def test_outputs_may_be_differentiated_one_after_the_other(x: Tensor) -> None:
    a, b = mg.checkpoint(lambda x: (mg.sum(mg.exp(x)), mg.sum(mg.sin(x) ** 2)), x)
    mg.autograd.grad(a, x)
    (g,) = mg.autograd.grad(b, x)
    np.testing.assert_allclose(to_numpy(g), np.sin(2 * to_numpy(x)), rtol=1e-6)


def test_a_retained_graph_is_walked_again_and_a_freed_one_is_an_error(x: Tensor) -> None:
    runs: list[int] = []
    y = mg.sum(mg.checkpoint(lambda x: (runs.append(1), mg.exp(x))[1], x))
    y.backward(retain_graph=True)
    y.backward()
    assert len(runs) == 2
    np.testing.assert_allclose(to_numpy(x.grad), 2 * np.exp(to_numpy(x)), rtol=1e-6)
    with pytest.raises(RuntimeError, match=r"^backward: exp, recorded at .* differentiated before"):
        y.backward()


def test_hooks_and_retained_gradients_inside_work(x: Tensor) -> None:
    kept: list[Tensor] = []

    def f(x: Tensor) -> Tensor:
        h = x * x
        if not kept:
            h.retain_grad()
            h.register_hook(lambda g: 2 * g)
            kept.append(h)
        return mg.exp(h)

    mg.sum(mg.checkpoint(f, x)).backward()
    expected = np.exp(to_numpy(x) ** 2)
    np.testing.assert_allclose(to_numpy(kept[0].grad), expected, rtol=1e-6)
    np.testing.assert_allclose(to_numpy(x.grad), 4 * to_numpy(x) * expected, rtol=1e-5)


def test_a_value_inside_can_be_differentiated_by_and_by_itself(x: Tensor) -> None:
    inside: list[Tensor] = []
    y = mg.checkpoint(lambda x: mg.exp((inside.append(x * x), inside[-1])[1]), x)
    (g,) = mg.autograd.grad(mg.sum(y), inside[0], retain_graph=True)
    np.testing.assert_allclose(to_numpy(g), np.exp(to_numpy(x) ** 2), rtol=1e-6)
    (g,) = mg.autograd.grad(mg.sum(inside[0]), x)
    np.testing.assert_array_equal(to_numpy(g), 2 * to_numpy(x))


def test_a_gradient_taken_inside_is_differentiated_further_out(x: Tensor) -> None:
    f = lambda x: mg.grad(lambda z: mg.sum(z**4))(x) * x
    (g,) = mg.autograd.grad(mg.sum(mg.checkpoint(f, x)), x)
    np.testing.assert_allclose(to_numpy(g), 16 * to_numpy(x) ** 3, rtol=1e-6)


def test_it_takes_part_in_functions_of_functions(device: Any) -> None:
    a = mg.tensor([0.5, 2.0], dtype=mg.float64, device=device)
    f = lambda x: mg.sum(mg.exp(x) * mg.flip(x) ** 2)
    g = lambda x: mg.checkpoint(f, x)
    for derivative in (mg.grad, mg.hessian):
        np.testing.assert_array_equal(derivative(g)(a).numpy(), derivative(f)(a).numpy())
    np.testing.assert_array_equal(
        mg.jvp(g, (a,), (a,))[1].numpy(), mg.jvp(f, (a,), (a,))[1].numpy()
    )
    np.testing.assert_array_equal(
        mg.hvp(g, (a,), (a,))[0].numpy(), mg.hvp(f, (a,), (a,))[0].numpy()
    )


def test_a_tensor_handed_in_may_get_another_value_meanwhile(x: Tensor) -> None:
    h = x * 2
    y = mg.sum(mg.checkpoint(lambda h: h * h, h))
    h += 100.0
    y.backward()
    np.testing.assert_array_equal(to_numpy(x.grad), 8 * to_numpy(x))


def test_the_function_may_assign_to_what_it_was_handed(x: Tensor) -> None:
    def f(h: Tensor) -> Tensor:
        h[0] = 3.0
        return h * h

    y = mg.sum(mg.checkpoint(f, x * 2))
    y.backward()
    expected = 8 * to_numpy(x)
    expected[0] = 0
    np.testing.assert_array_equal(to_numpy(x.grad), expected)


def test_under_no_grad_it_is_the_function_itself(x: Tensor) -> None:
    with mg.no_grad():
        y = mg.checkpoint(mg.exp, x)
    assert not y.requires_grad
    assert not mg.checkpoint(mg.exp, x.detach()).requires_grad
    assert mg.checkpoint(lambda: "text") == "text"
    assert mg.checkpoint(lambda x: x, x) is x


def test_backward_may_happen_in_other_modes_and_with_other_defaults(x: Tensor) -> None:
    def f(x: Tensor) -> Tensor:
        return mg.sum(
            mg.exp(x) * mg.arange(3.0, device=x.device) * mg.asarray(2.0, device=x.device)
        )

    y = mg.checkpoint(f, x)
    before = mg.get_default_dtype()
    mg.set_default_dtype(mg.float64)
    try:
        with mg.no_grad(), mg.device("strict:device1"):
            y.backward()
    finally:
        mg.set_default_dtype(before)
    np.testing.assert_allclose(to_numpy(x.grad), 2 * np.exp(to_numpy(x)) * [0, 1, 2], rtol=1e-6)


# --- random numbers, running statistics ----------------------------------------------------------


@ways
def test_dropout_draws_the_same_mask_and_disturbs_no_generator(device: Any, way: Call) -> None:
    own = mg.random.Generator(5)

    def f(x: Tensor) -> Tensor:
        noise = mg.random.normal(x.shape, generator=own, dtype=x.dtype, device=x.device)
        return nn.functional.dropout(mg.tanh(x) * noise, 0.4) + nn.functional.dropout(x, 0.5)

    def results(call: Call) -> list[Any]:
        mg.random.manual_seed(1)
        own.load_state_dict(mg.random.Generator(7).state_dict())
        x = mg.random.normal((40,), device=device).requires_grad_()
        y = call(f, x)
        between = [mg.random.uniform((2,)), mg.random.uniform((2,), generator=own)]
        mg.sum(y * y).backward()
        after = [mg.random.uniform((2,)), mg.random.uniform((2,), generator=own)]
        return [to_numpy(t) for t in (y, x.grad, *between, *after)]

    assert_same_bits(results(way), results(plainly))


def test_the_first_draw_of_a_thread_is_repeated_too(device: Any) -> None:
    """The default generator does not exist before: the second run must find that of the first."""

    def work() -> None:
        x = mg.ones(64, device=device, requires_grad=True)
        y = mg.checkpoint(lambda x: nn.functional.dropout(x * x, 0.5), x)
        mg.sum(y).backward()
        np.testing.assert_array_equal(to_numpy(x.grad), 2 * to_numpy(y))

    contextvars.Context().run(work)


@ways
def test_batch_norm_counts_a_batch_once(device: Any, way: Call) -> None:
    def results(call: Call) -> list[Any]:
        mg.random.manual_seed(2)
        net = nn.Sequential(
            nn.Linear(3, 4), BatchNorm1d(4), nn.ReLU(), BatchNorm1d(4, momentum=None)
        )
        net = net.to(device)
        u = mg.random.normal((6, 4), device=device)
        for _ in range(2):
            mg.sum(call(net, mg.random.normal((6, 3), device=device)) * u).backward()
        state = {**net.state_dict(), **{f"grad {n}": p.grad for n, p in net.named_parameters()}}
        return [to_numpy(t) for t in state.values()]

    assert_same_bits(results(way), results(plainly))


# --- memory --------------------------------------------------------------------------------------

SIZE = 50_000
ARRAY = 8 * SIZE


def test_a_deep_chain_keeps_the_inputs_of_its_segments_and_works_on_one_at_a_time() -> None:
    """Eight segments of eight tanh: 64 arrays without; with checkpoints, 8 inputs and a segment."""

    def segment(y: Tensor) -> Tensor:
        for _ in range(8):
            y = mg.tanh(y)
        return y

    def peaks(call: Call) -> tuple[float, float]:
        x = mg.tensor(np.linspace(0.1, 1.0, SIZE), requires_grad=True)
        start = tracemalloc.get_traced_memory()[0]
        y = x
        for _ in range(8):
            y = call(segment, y)
        total = mg.sum(y)
        del y
        held = tracemalloc.get_traced_memory()[0] - start
        tracemalloc.reset_peak()
        total.backward()
        return held / ARRAY, (tracemalloc.get_traced_memory()[1] - start) / ARRAY

    tracemalloc.start()
    try:
        held, peak = peaks(mg.checkpoint)
        plain_held, plain_peak = peaks(plainly)
    finally:
        tracemalloc.stop()
    assert 63.9 < plain_held < plain_peak
    # The input of each segment but the first, which is a leaf's.
    assert held < 7 + 0.5
    # Besides: eight values of a segment, the cotangent, two temporaries, what the rule returns.
    assert peak < 7 + 8 + 4 + 0.5


def test_a_graph_with_checkpoints_goes_without_the_cyclic_collector(x: Tensor) -> None:
    gc.collect()
    gc.disable()
    try:
        h = mg.exp(x)
        array = weakref.ref(h.data)
        y = mg.sum(nested(lambda h: mg.sin(h) * h, h))
        (g,) = mg.autograd.grad(y, x, create_graph=True)
        assert array() is not None
        del h, y, g
        assert array() is None
    finally:
        gc.enable()


# --- what is refused -----------------------------------------------------------------------------


def test_a_leaf_that_changed_is_refused_before_anything_happens(x: Tensor) -> None:
    y = mg.sum(mg.checkpoint(lambda: mg.sin(x)))
    with mg.no_grad():
        x += 1.0
    with pytest.raises(RuntimeError, match=r"^backward: input 0 of sin, .* assigned a new value"):
        y.backward()


@pytest.mark.parametrize(
    ("first", "second", "message"),
    [
        (lambda x: mg.exp(x), lambda x: mg.sin(x),
         r"exp of \(3,\) float32 \(at .*:\d+\) at first, and sin of \(3,\) float32 \(at"),
        (lambda x: x * 2.0, lambda x: x * 3.0,
         r"multiply of \(3,\) float32, 2\.0 .* at first, and .* float32, 3\.0"),
        (lambda x: mg.exp(x), lambda x: mg.exp(x[:2]), r"exp of .* at first, and getitem of"),
        (lambda x: mg.exp(x), lambda x: mg.sin(mg.exp(x)), r"1 operations at first, and 2 when"),
        (lambda x: mg.exp(x), lambda x: x.detach(), r"1 operations at first, and 0 when"),
        (lambda x: x * mg.ones(3, device=x.device), lambda x: x * mg.ones(1, device=x.device),
         r"multiply of \(3,\) float32, \(3,\) float32 .* at first, and .* \(1,\) float32"),
    ],
    ids=["operation", "number", "shape", "more", "none", "constant's shape"],
)  # fmt: skip
def test_a_second_run_that_does_something_else_is_refused(
    x: Tensor, first: Call, second: Call, message: str
) -> None:
    both = iter([first, second])

    def fickle(x: Tensor) -> Tensor:
        return next(both)(x)

    y = mg.checkpoint(fickle, x)
    with pytest.raises(RuntimeError, match=rf"^checkpoint: fickle recorded {message}") as caught:
        y.backward(mg.ones_like(x))
    assert "it has to do the same both times" in str(caught.value)
    assert x.grad is None


def test_a_second_run_in_another_mode_of_the_layers_is_refused(x: Tensor) -> None:
    layer = BatchNorm1d(3).to(x.device)
    y = mg.checkpoint(layer, mg.stack([x, x * x]))
    layer.eval()
    with pytest.raises(RuntimeError, match=r"^checkpoint: BatchNorm1d recorded .* when it ran"):
        mg.sum(y * y).backward()


def test_a_second_run_over_other_running_statistics_is_refused(x: Tensor) -> None:
    layer = BatchNorm1d(3).to(x.device).eval()
    inputs = mg.stack([x, x * x])
    y = mg.checkpoint(layer, inputs)
    layer.running_var.data = mg.full_like(layer.running_var, 2.0).data
    with pytest.raises(
        RuntimeError, match=r"^checkpoint: BatchNorm1d returned other values when it"
    ):
        mg.sum(y * y).backward()


def test_a_constant_that_was_made_again_with_its_old_values_is_the_same(x: Tensor) -> None:
    y, mask = mg.checkpoint(
        lambda x: (lambda mask: (x * mask, mask))(mg.astype(x.detach() > 0, mg.float32)), x
    )
    mg.sum(y).backward()
    np.testing.assert_array_equal(to_numpy(x.grad), mask.numpy())


def test_random_numbers_from_elsewhere_are_refused(x: Tensor) -> None:
    rng = np.random.default_rng(0)
    y = mg.checkpoint(lambda x: x * mg.asarray(rng.random(3, "float32"), device=x.device), x)
    with pytest.raises(RuntimeError, match="returned other values when it ran again, in floating"):
        mg.sum(y).backward()


@pytest.mark.parametrize("sick", [np.nan, np.inf, -np.inf])
def test_results_that_are_not_finite_are_the_same_if_they_are_so_again(
    device: Any, sick: float
) -> None:
    x = mg.tensor([0.5, sick], device=device, requires_grad=True)
    y = mg.checkpoint(lambda x: x * 2.0, x)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        mg.sum(y).backward()
    np.testing.assert_array_equal(to_numpy(x.grad), [2.0, 2.0])


@pytest.mark.parametrize(
    ("first", "again"),
    [(np.nan, 1.0), (1.0, np.nan), (np.inf, 1.0), (1.0, np.inf), (np.inf, -np.inf)],
)
def test_results_that_are_not_finite_once_only_are_refused(
    device: Any, first: float, again: float
) -> None:
    factors = iter([first, again])
    x = mg.tensor([0.5, 2.0], device=device, requires_grad=True)
    y = mg.checkpoint(lambda x: x * mg.full((2,), next(factors), device=x.device), x)
    with pytest.raises(RuntimeError, match="returned other values when it ran again, in floating"):
        mg.sum(y).backward()
    assert x.grad is None


def test_a_function_that_fails_leaves_no_trace(x: Tensor) -> None:
    def fails(x: Tensor) -> Tensor:
        mg.random.uniform()
        raise KeyError("reason")

    for way in (mg.checkpoint, nested):
        with pytest.raises(KeyError, match="reason"):
            way(fails, x)
    mg.sum(mg.checkpoint(mg.exp, x)).backward()


def test_a_stream_spawned_inside_is_the_same_one_in_the_second_run(device: Any) -> None:
    source = mg.random.Generator(0)

    def noisy(x: mg.Tensor) -> mg.Tensor:
        return x * x * mg.random.uniform(x.shape, generator=source.spawn(), device=x.device)

    x = mg.ones(3, device=device, requires_grad=True)
    y = mg.checkpoint(noisy, x)
    after = source.state_dict()
    mg.sum(y).backward()
    np.testing.assert_allclose(to_numpy(x.grad), 2 * to_numpy(y.detach()), rtol=1e-6)
    assert source.state_dict() == after
