"""Functions of layers: their Jacobians, their checks, their training by hand. The state stays."""

from __future__ import annotations

import numpy as np
from hypothesis import given

import minigrad as mg
from minigrad import nn
from minigrad.testing import check_grads
from minigrad.testing.tolerance import assert_within
from minigrad_bn import BatchNorm1d, Running, normalise

from .bounds import bounds_of
from .cases import Case, cases
from .derivatives import leaf, values
from .layers import assert_same_state, batch, layer_for, state_of


@given(case=cases(["float64"], ranks=(2,), mild=True))
def test_b29_the_jacobian_of_a_layer_has_the_null_space_of_batch_norm_and_moves_nothing(
    device, case: Case
):
    """Shifting a channel changes nothing, and stretching it next to nothing: eps is all that stays.

    J 1 = 0, and J x_hat = gamma i x_hat (1 - mean(x_hat^2)), which is of the order of eps.
    """
    bn = layer_for(case, device)
    before = state_of(bn)
    jacobian = values(mg.jacobian(bn)(mg.asarray(case.x, device=device)))
    assert_same_state(bn, before)
    assert bn(mg.asarray(case.x, device=device)).shape == case.x.shape
    assert bn.num_batches_tracked.item() == 1

    n, c = case.x.shape
    x = case.x - case.x.mean(0)
    inv_std = 1 / np.sqrt(case.x.var(0) + case.eps)
    x_hat = x * inv_std
    bound = float(np.max(bounds_of(case.but(g=np.ones_like(case.g))).x)) * n
    for j in range(c):
        block = jacobian[:, j, :, j]
        shrinkage = case.weight[j] * inv_std[j] * (1 - np.mean(x_hat[:, j] ** 2))
        assert_within(block @ np.ones(n), np.zeros(n), bound, "J 1")
        assert_within(
            block @ x_hat[:, j],
            shrinkage * x_hat[:, j],
            bound * max(1, np.max(np.abs(x_hat))),
            "J x_hat",
        )
        assert not jacobian[:, j][..., np.arange(c) != j].any()


@given(case=cases(["float64"], ranks=(2, 3), mild=True))
def test_b29_the_jacobian_in_evaluation_is_diagonal(device, case: Case):
    bn = layer_for(case, device).eval()
    jacobian = values(mg.jacobian(bn)(mg.asarray(case.x, device=device)))
    size = case.x.size
    scale = case.weight / np.sqrt(case.running_var + case.eps)
    expected = np.diag(np.broadcast_to(case.wide(scale), case.x.shape).reshape(-1))
    np.testing.assert_allclose(jacobian.reshape(size, size), expected, rtol=1e-12)


@given(case=cases(["float64"], ranks=(2,), mild=True))
def test_b29_a_hessian_through_a_layer_moves_nothing(device, case: Case):
    bn = layer_for(case, device)
    before = state_of(bn)
    g = mg.asarray(case.g, device=device)
    hessian = values(
        mg.hessian(lambda x: mg.sum(g * bn(x) ** 2))(mg.asarray(case.x, device=device))
    )
    assert_same_state(bn, before)
    flat = hessian.reshape(case.x.size, case.x.size)
    bound = float(np.max(np.abs(flat), initial=1.0)) * 1e-9
    assert_within(flat, flat.T, bound, "a Hessian is symmetric")


@given(case=cases(["float64"], ranks=(2, 3), mild=True))
def test_b35_checking_the_gradients_of_a_layer_leaves_it_bit_identical(case: Case):
    for training in (True, False):
        bn = layer_for(case, "cpu").train(training)
        before = state_of(bn)
        check_grads(bn, np.array(case.x), order=1)
        assert_same_state(bn, before)
        assert bn.training is training


def test_b30_explicit_state_trains_as_a_layer_does(device):
    """Pure functions all the way: the gradient, the new parameters, the new statistics."""
    bn = BatchNorm1d(3, dtype=mg.float64, device=device)
    w, b = (mg.tensor(p) for p in bn.parameters())
    running = Running(*[mg.tensor(t) for t in bn.buffers()])

    def loss(w, b, x, running):
        y, new = normalise(x, running, w, b, training=True)
        return mg.mean((y - 1) ** 4), new

    for i in range(4):
        x = batch(i, (5, 3), device)
        (_, running), (dw, db) = mg.value_and_grad(loss, (0, 1), has_aux=True)(w, b, x, running)
        w, b = w - 0.1 * dw, b - 0.1 * db

        value = mg.mean((bn(x) - 1) ** 4)
        gradients = mg.autograd.grad(value, [bn.weight, bn.bias])
        for p, g in zip(bn.parameters(), gradients, strict=True):
            p.data = (p.detach() - 0.1 * g).data
    for ours, theirs in zip([w, b, *running], [*bn.parameters(), *bn.buffers()], strict=True):
        np.testing.assert_array_equal(values(ours), values(theirs))
    assert running.batches.item() == 4


def test_b30_making_a_layer_computes_and_updates_nothing(device):
    net = nn.Sequential(BatchNorm1d(3, device=device))
    assert net[0].num_batches_tracked.item() == 0
    assert values(leaf(net[0].running_var.data, device)).tolist() == [1.0] * 3
