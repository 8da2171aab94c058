"""BatchNorm1d, 2d and 3d are PyTorch's: values, gradients, state, repr. And nets learn."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minigrad as mg
from minigrad import nn, optim
from minigrad.testing.oracles import from_torch, to_torch, torch
from minigrad.testing.strategies.arrays import seeds
from minigrad.testing.suite.checks import needs_torch
from minigrad.testing.tolerance import assert_close
from minigrad_bn import BatchNorm1d, BatchNorm2d, BatchNorm3d

from .cases import shapes
from .derivatives import leaf, values
from .layers import LAYERS, batch, state_of

flags = st.booleans()


@needs_torch
@given(
    shape=shapes(),
    affine=flags,
    bias=flags,
    track=flags,
    momentum=st.sampled_from([None, 0.1, 0.3, 1.0]),
    modes=st.lists(flags, min_size=1, max_size=5),
    seed=seeds,
)
def test_a_sequence_of_batches_in_both_modes_goes_as_in_pytorch(
    device, shape, affine, bias, track, momentum, modes, seed
):
    """The truth table of train and eval, with and without statistics; values, gradients, state."""
    kind = LAYERS[len(shape)]
    arguments = (shape[1], 0.01, momentum, affine, track)
    ours = kind(*arguments, device=device, dtype=mg.float64, bias=bias)
    theirs = getattr(torch.nn, kind.__name__)(*arguments, dtype=torch.float64, bias=bias)
    rng = np.random.default_rng(seed)
    for p, q in zip(ours.parameters(), theirs.parameters(), strict=True):
        drawn = rng.uniform(-3, 3, p.shape)
        p.data = mg.asarray(drawn, device=device).data
        q.data = to_torch(drawn)
    size = 1e3  # of the terms: 1 / sqrt(eps) is 10, values within 20
    for i, training in enumerate(modes):
        x = values(batch(seed + i, shape))
        g = rng.standard_normal(shape)
        ours.train(training)
        theirs.train(training)
        x_o, x_t = leaf(x, device), to_torch(x, True)
        y_o, y_t = ours(x_o), theirs(x_t)
        found = mg.autograd.grad(y_o, [x_o, *ours.parameters()], mg.asarray(g, device=device))
        expected = torch.autograd.grad(y_t, [x_t, *theirs.parameters()], to_torch(g))
        for a, e in zip([y_o, *found], [y_t, *expected], strict=True):
            assert_close(values(a), from_torch(e), "value", terms=x.size, magnitude=size)
    expected_state = {name: from_torch(t) for name, t in theirs.state_dict().items()}
    state = state_of(ours)
    assert list(state) == list(expected_state)
    for name, e in expected_state.items():
        assert state[name].dtype == e.dtype
        assert_close(state[name], e, name, terms=x.size, magnitude=size)


@needs_torch
@pytest.mark.parametrize("kind", [BatchNorm1d, BatchNorm2d, BatchNorm3d])
@given(
    n=st.integers(0, 5),
    momentum=st.sampled_from([None, 0.1, 1.0]),
    affine=flags,
    track=flags,
    bias=flags,
)
def test_repr_is_pytorchs_with_both_conventions_added(kind, n, momentum, affine, track, bias):
    arguments = (n, 1e-3, momentum, affine, track)
    theirs = getattr(torch.nn, kind.__name__)(*arguments, bias=bias)
    ours = repr(kind(*arguments, bias=bias))
    assert re.sub(r" \((decay [\d.]+|plain average)\)|, running_var=unbiased", "", ours) == repr(
        theirs
    )


def test_float16_batches_keep_float32_parameters_and_statistics():
    bn = BatchNorm1d(3)
    x = batch(0, (4, 3), dtype="float16").requires_grad_()
    y = bn(x)
    y.backward(mg.ones_like(y) * 0.5)
    assert (y.dtype, x.grad.dtype) == (mg.float16, mg.float16)
    assert bn.weight.grad.dtype == bn.running_var.dtype == mg.float32


def test_a_net_with_batch_norm_learns(device):
    mg.random.manual_seed(0)
    x = mg.random.normal((32, 2), device=device)
    target = mg.asarray(values(x)[:, :1] * values(x)[:, 1:], device=device)
    net = nn.Sequential(nn.Linear(2, 8, bias=False), BatchNorm1d(8), nn.Tanh(), nn.Linear(8, 1))
    net.to(device)
    optimizer = optim.SGD(net.parameters(), lr=0.1)
    losses = []
    for _ in range(100):
        optimizer.zero_grad()
        loss = mg.mean((net(x) - target) ** 2)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < losses[0] / 2
    assert net[1].num_batches_tracked.item() == 100
