"""Masks at the layers: the memory is that of the valid values, as if the rest were not there."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minigrad as mg
from minigrad.testing.strategies.arrays import seeds
from minigrad_bn import BatchNorm1d, Settings, batch_norm

from .bounds import assert_near, bounds_of, bounds_of_statistics
from .cases import Case, cases
from .derivatives import leaf, values
from .layers import assert_same_state, batch, layer_for, state_of


@given(case=cases(min_values=3), seed=seeds, training=st.booleans(), bessel=st.booleans())
def test_b31_a_masked_layer_is_the_layer_of_the_valid_rows(
    device, case: Case, seed, training, bessel
):
    """Whatever stands in the padding: here, NaN."""
    rng = np.random.default_rng(seed)
    n = rng.integers(2, case.m + 1)
    row = (rng.permutation(case.m) < n).reshape(
        [1 if a == 1 else k for a, k in enumerate(case.x.shape)]
    )
    x = np.where(row, case.x, np.asarray(np.nan, case.x.dtype))
    chosen = np.broadcast_to(row, case.x.shape)[:, 0]
    gathered = case.but(x=np.moveaxis(case.x, 1, -1)[chosen], g=np.moveaxis(case.g, 1, -1)[chosen])
    settings = Settings(eps=case.eps, momentum=case.momentum, bessel=bessel)
    masked, plain = layer_for(case, device), layer_for(gathered, device)
    masked.settings = plain.settings = settings
    masked.train(training)
    plain.train(training)

    x, rows = leaf(x, device), leaf(gathered.x, device)
    y, y_rows = masked(x, mask=mg.asarray(row, device=device)), plain(rows)
    found = mg.autograd.grad(y, [x, *masked.parameters()], mg.asarray(case.g, device=device))
    wanted = mg.autograd.grad(
        y_rows, [rows, *plain.parameters()], mg.asarray(gathered.g, device=device)
    )
    limit = bounds_of(gathered, evaluation=not training)
    y, dx = values(y), values(found[0])
    for a in (y, dx):
        assert not np.moveaxis(a, 1, -1)[~chosen].any()  # also where NaN was
    assert_near(np.moveaxis(y, 1, -1)[chosen], values(y_rows), limit.y, "y")
    assert_near(np.moveaxis(dx, 1, -1)[chosen], values(wanted[0]), limit.x, "dx")
    assert_near(values(found[1]), values(wanted[1]), limit.weight, "dweight")
    assert_near(values(found[2]), values(wanted[2]), limit.bias, "dbias")
    bounds = [0, 0, *bounds_of_statistics(gathered), 0]
    for name, expected, bound in zip(
        state_of(plain), state_of(plain).values(), bounds, strict=True
    ):
        assert_near(state_of(masked)[name], expected, bound, name)


@pytest.mark.parametrize("nonfinite", ["propagate", "skip"])
@pytest.mark.parametrize("on_single", ["raise", "skip_update"])
def test_b31_channels_with_one_valid_value_raise_or_stay(device, on_single, nonfinite):
    bn = BatchNorm1d(3, on_single=on_single, nonfinite=nonfinite, dtype=mg.float64, device=device)
    bn(batch(0, (4, 3), device))
    before = state_of(bn)
    mask = mg.asarray([[1.0, 0.3, 0.0], [1.0, 0.0, 0.0]], device=device)
    x = batch(1, (2, 3), device)
    if on_single == "raise":
        with pytest.raises(ValueError, match=r"the mask leaves one to channels \[1\]: one value"):
            bn(x, mask)
        assert_same_state(bn, before)
        return
    bn(x, mask)
    after = state_of(bn)
    for name in ("running_mean", "running_var"):
        assert list(after[name] == before[name]) == [False, True, True]
    assert after["num_batches_tracked"] == 2


def test_b31_a_mask_of_nothing_is_an_empty_batch(device):
    bn = BatchNorm1d(3, device=device)
    bn(batch(0, (4, 3), device, "float32"))
    before = state_of(bn)
    y = bn(batch(1, (4, 3), device, "float32"), mg.zeros((4, 1), dtype=mg.bool, device=device))
    assert not values(y).any()
    before["num_batches_tracked"] = before["num_batches_tracked"] + 1
    assert_same_state(bn, before)


def test_b31_a_mask_goes_with_channels_last(device):
    x = batch(0, (4, 5, 3), device)
    mask = mg.asarray(np.arange(20).reshape(4, 5, 1) % 3 > 0, device=device)
    last = BatchNorm1d(3, dtype=mg.float64, channel_axis=-1, device=device)
    first = BatchNorm1d(3, dtype=mg.float64, device=device)
    y = last(x, mask)
    z = first(mg.moveaxis(x, -1, 1), mg.moveaxis(mask, -1, 1))
    np.testing.assert_allclose(values(mg.moveaxis(z, 1, -1)), values(y), rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(values(first.running_var), values(last.running_var), rtol=1e-12)


@pytest.mark.parametrize(
    ("mask", "kind", "message"),
    [
        (np.ones((4, 5), bool), ValueError, "mask has shape (4, 5), expected as many axes as the"),
        (np.ones((4, 1, 3), bool), ValueError, "mask has shape (4, 1, 3), expected"),
        (-np.ones((4, 1, 5)), ValueError, "the weights in mask must not be negative"),
        ([[True]], TypeError, "mask is a list, expected a Tensor; use mg.asarray"),
        ("requires grad", ValueError, "a mask has no gradient; hand in mask.detach()"),
    ],
)
def test_b31_a_mask_that_fits_nothing_is_refused_before_anything_changes(
    device, mask, kind, message
):
    bn = BatchNorm1d(3, device=device)
    before = state_of(bn)
    if isinstance(mask, np.ndarray):
        mask = mg.asarray(mask, device=device)
    elif mask == "requires grad":
        mask = mg.ones((4, 1, 5), device=device, requires_grad=True)
    for mode in (True, False):
        with pytest.raises(kind, match=re.escape(message)):
            bn.train(mode)(batch(0, (4, 3, 5), device, "float32"), mask)
    assert_same_state(bn, before)
    with pytest.raises(kind, match=re.escape(message)):
        batch_norm(batch(0, (4, 3, 5), device), None, None, training=True, mask=mask)


def test_a_mask_on_another_device_is_refused():
    pytest.importorskip("array_api_strict")
    mask = mg.ones((2, 1), device="strict")
    message = r"^batch_norm: mask is on strict, the input on cpu; move one$"
    with pytest.raises(ValueError, match=message):
        batch_norm(mg.ones((2, 3)), None, None, training=True, mask=mask)
