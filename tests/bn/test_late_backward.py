"""What a forward read stays read: nothing done to the layer later changes its backward."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

import minigrad as mg
from minigrad.testing.strategies.arrays import seeds
from minigrad_bn import BatchNorm1d, batch_norm

from .cases import Case, cases
from .derivatives import leaf, values
from .layers import assert_same_state, batch, layer_for, state_of


@given(case=cases(["float64"], ranks=(2, 4)), seed=seeds)
def test_b08_backward_of_an_evaluation_is_not_changed_by_training_in_between(
    device, case: Case, seed
):
    g = mg.asarray(case.g, device=device)

    def gradients(in_between):
        bn = layer_for(case, device).eval()
        x = leaf(case.x, device)
        y = bn(x)
        if in_between:
            bn.train()
            bn(batch(seed, case.x.shape, device))
        found = mg.autograd.grad(y, [x, bn.weight, bn.bias], g, create_graph=True)
        return [values(a) for a in found]

    for a, b in zip(gradients(True), gradients(False), strict=True):
        np.testing.assert_array_equal(a, b)


@dataclass
class Forward:
    """A forward whose backward is still to come, and what it should give."""

    x: mg.Tensor
    y: mg.Tensor
    expected: list[np.ndarray]


@given(
    data=st.data(),
    seed=seeds,
    actions=st.lists(
        st.sampled_from(["train", "eval", "forward", "forward", "backward"]), max_size=12
    ),
)
def test_b09_forwards_modes_and_late_backwards_interleave_freely(device, data, seed, actions):
    """Each forward's gradients are those of an independent run on the state it found."""
    bn = BatchNorm1d(2, dtype=mg.float64, device=device)
    g = mg.asarray(np.random.default_rng(seed).standard_normal((3, 2)), device=device)
    waiting: list[Forward] = []
    parameters = [bn.weight, bn.bias]

    def finish(forward):
        found = mg.autograd.grad(forward.y, [forward.x, *parameters], g)
        for a, e in zip(found, forward.expected, strict=True):
            np.testing.assert_array_equal(values(a), e)

    for i, action in enumerate(actions):
        if action == "forward":
            x = batch(seed + i, (3, 2), device).requires_grad_()
            running = [mg.tensor(t) for t in (bn.running_mean, bn.running_var)]
            alone = batch_norm(x, *running, *parameters, bn.training)
            expected = mg.autograd.grad(alone, [x, *parameters], g)
            waiting.append(Forward(x, bn(x), [values(e) for e in expected]))
            for t, e in zip([bn.running_mean, bn.running_var], running, strict=True):
                np.testing.assert_array_equal(values(t), values(e))
        elif action == "backward" and waiting:
            finish(waiting.pop(data.draw(st.integers(0, len(waiting) - 1))))
        elif action in ("train", "eval"):
            bn.train(action == "train")
    for forward in waiting:
        finish(forward)
    n_training = bn.num_batches_tracked.item()
    assert n_training <= actions.count("forward")


@given(case=cases(["float64"], mild=True))
def test_b35_derivatives_of_any_order_leave_the_state_bit_identical(device, case: Case):
    """The forward that second order runs again is the pure one: nothing is updated twice."""
    bn = layer_for(case, device)
    x = leaf(case.x, device)
    g = mg.asarray(case.g, device=device)
    y = bn(x)
    before = state_of(bn)
    (first,) = mg.autograd.grad(y, x, g, create_graph=True)
    mg.autograd.grad(first, x, g)
    assert_same_state(bn, before)
