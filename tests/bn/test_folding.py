"""Row B24: a batch norm in evaluation folds into its neighbour, or the refusal says why not."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minigrad as mg
from minigrad import nn
from minigrad.testing.strategies.arrays import seeds
from minigrad.testing.tolerance import assert_close, largest
from minigrad_bn import BatchNorm1d, BatchNorm2d, fold, fold_sequential, freeze_stats

from .layers import assert_same_state, state_of

small = st.integers(1, 3)


def filled(module: nn.Module, seed: int, device: Any) -> Any:
    """The module in evaluation, with numbers of its own in every parameter and statistic."""
    rng = np.random.default_rng(seed)
    for name, t in module.state_dict(keep_vars=True).items():
        low, high = (0.1, 4.0) if name.endswith("running_var") else (-2.0, 2.0)
        if t.dtype.kind == "f":
            t.data = mg.tensor(rng.uniform(low, high, t.shape), dtype=t.dtype, device=device).data
    return module.eval()


@st.composite
def layers(draw: st.DrawFn, transposed: bool = True, padded: bool = True) -> tuple[Any, tuple]:
    """A function that makes a layer on a device, and the shape of an input for it."""
    kinds = [nn.Linear, nn.Conv1d, nn.Conv2d]
    kinds += [nn.ConvTranspose1d, nn.ConvTranspose2d] if transposed else []
    kind = draw(st.sampled_from(kinds))
    bias = draw(st.booleans())
    if kind is nn.Linear:
        inputs, outputs = draw(small), draw(small)
        return (lambda device: nn.Linear(inputs, outputs, bias, device, "float64")), (3, inputs)
    k = 1 if kind in (nn.Conv1d, nn.ConvTranspose1d) else 2
    groups = draw(small)
    inputs, outputs = groups * draw(small), groups * draw(small)
    how = {
        "kernel_size": draw(st.tuples(*[small] * k)),
        "stride": draw(small),
        "dilation": draw(st.integers(1, 2)),
        "padding": draw(st.integers(0, 1)) if padded else 0,
        "groups": groups,
        "bias": bias,
    }
    size = [2 * (n - 1) + 3 for n in how["kernel_size"]]
    make = lambda device: kind(inputs, outputs, **how, device=device, dtype="float64")
    return make, (2, inputs, *size)


def norm_for(shape: tuple[int, ...], affine: bool, bias: bool, device: Any) -> Any:
    kind = BatchNorm2d if len(shape) == 4 else BatchNorm1d
    return kind(shape[1], affine=affine, bias=bias, device=device, dtype="float64")


def assert_folds(first: Any, second: Any, folded: Any, x: mg.Tensor) -> None:
    """Same values; the terms of an output are those of the layer, and one more."""
    expected = second(first(x)).detach().numpy()
    on_the_way = [t.detach().numpy() for m in (first, second) for t in m.state_dict().values()]
    assert_close(
        folded(x).detach().numpy(), expected, f"{first} and {second}",
        terms=folded.weight.size + 1,
        magnitude=largest(expected, x.numpy()) * largest(*on_the_way) ** 2 / 0.1,
    )  # fmt: skip


@given(layers(), seeds, st.booleans(), st.booleans())
def test_b24_a_batch_norm_folds_into_the_layer_before_it(
    device: Any, drawn: Any, seed: int, affine: bool, bias: bool
) -> None:
    make, shape = drawn
    layer = filled(make(device), seed, device)
    x = mg.asarray(np.random.default_rng(seed).normal(size=shape), device=device)
    bn = filled(norm_for(layer(x).shape, affine, bias, device), seed + 1, device)
    before = state_of(layer), state_of(bn)
    folded = fold(layer, bn)
    assert type(folded) is type(layer)
    assert folded.weight.device is layer.weight.device
    assert_folds(layer, bn, folded, x)
    for module, state in zip((layer, bn), before, strict=True):
        assert_same_state(module, state)


@given(layers(transposed=False, padded=False), seeds, st.booleans())
def test_b24_a_batch_norm_folds_into_the_layer_behind_it(
    device: Any, drawn: Any, seed: int, affine: bool
) -> None:
    make, shape = drawn
    layer = filled(make(device), seed, device)
    bn = filled(norm_for(shape, affine, affine, device), seed + 1, device)
    x = mg.asarray(np.random.default_rng(seed).normal(size=shape), device=device)
    assert_folds(bn, layer, fold(bn, layer), x)


def test_b24_the_folding_is_done_in_float64_and_the_result_keeps_float32() -> None:
    layer, bn = filled(nn.Linear(3, 2), 0, "cpu"), filled(BatchNorm1d(2), 1, "cpu")
    folded = fold(layer, bn)
    assert folded.weight.dtype == mg.float32
    scale = bn.weight.detach().numpy().astype("float64") / np.sqrt(
        bn.running_var.numpy().astype("float64") + bn.eps
    )
    exact = layer.weight.detach().numpy().astype("float64") * scale[:, None]
    np.testing.assert_array_equal(folded.weight.detach().numpy(), exact.astype("float32"))


def test_b24_a_frozen_batch_norm_folds_in_training_too() -> None:
    layer, bn = filled(nn.Linear(3, 2), 0, "cpu"), filled(BatchNorm1d(2), 1, "cpu")
    freeze_stats(bn).train()
    x = mg.ones((4, 3))
    np.testing.assert_allclose(
        fold(layer, bn)(x).detach().numpy(), bn(layer(x)).detach().numpy(), rtol=1e-5
    )


def test_b24_a_sequential_folds_every_batch_norm_that_it_can() -> None:
    net = filled(
        nn.Sequential(
            nn.Conv2d(1, 4, 3, padding=1, bias=False), BatchNorm2d(4), nn.ReLU(),
            nn.Conv2d(4, 2, 3, groups=2), BatchNorm2d(2), nn.Flatten(),
            nn.Linear(8, 3), BatchNorm1d(3),
        ),
        0, "cpu",
    ).double()  # fmt: skip
    x = mg.asarray(np.random.default_rng(0).normal(size=(2, 1, 4, 4)))
    folded = fold_sequential(net)
    assert [type(m).__name__ for m in folded] == ["Conv2d", "ReLU", "Conv2d", "Flatten", "Linear"]
    np.testing.assert_allclose(folded(x).detach().numpy(), net(x).detach().numpy(), rtol=1e-12)
    assert not folded.training
    assert len(net) == 8


def conv(**how: Any) -> nn.Module:
    return nn.Conv2d(2, 2, 3, **how)


@pytest.mark.parametrize(
    ("first", "second", "error", "text"),
    [
        (nn.ReLU(), BatchNorm1d(2), TypeError, "fold: ReLU and BatchNorm1d: expected a batch norm"),
        (nn.Linear(2, 2), nn.Linear(2, 2), TypeError, "fold: Linear and Linear"),
        (nn.Linear(2, 2), BatchNorm1d(2), ValueError, r"in training.*call eval\(\) or freeze_"),
        (
            nn.Linear(2, 2), BatchNorm1d(2, track_running_stats=False).eval(), ValueError,
            "no running statistics, because track_running_stats=False",
        ),
        (nn.Linear(2, 3), BatchNorm1d(2).eval(), ValueError, "has 3 outputs, .* num_features=2"),
        (BatchNorm1d(3).eval(), nn.Linear(2, 3), ValueError, "has 2 inputs, .* num_features=3"),
        (
            conv(), BatchNorm2d(2, channel_axis=-1).eval(), ValueError,
            "its channels at axis -1, its neighbour at axis 1",
        ),
        (BatchNorm2d(2).eval(), conv(padding=1), ValueError, "pads its input with zeros"),
        (BatchNorm2d(2).eval(), conv(padding="same"), ValueError, "pads its input with zeros"),
        (
            BatchNorm2d(2).eval(), nn.ConvTranspose2d(2, 2, 3), ValueError,
            "fewer windows overlap",
        ),
    ],
)  # fmt: skip
def test_b24_what_cannot_be_folded_is_refused_with_the_reason(
    first: Any, second: Any, error: Any, text: str
) -> None:
    with pytest.raises(error, match=f"(?s){text}"):
        fold(first, second)


def test_b24_a_layer_that_is_used_twice_is_not_folded_into() -> None:
    shared = nn.Linear(2, 2)
    net = nn.Sequential(shared, BatchNorm1d(2), nn.ReLU(), shared).eval()
    with pytest.raises(ValueError, match=r"is used 2 times; .* give each place its own layer"):
        fold_sequential(net)


def test_b24_padding_without_an_effect_folds() -> None:
    bn = filled(BatchNorm2d(2), 0, "cpu")
    layer = filled(nn.Conv2d(2, 3, 1, padding="same"), 1, "cpu")
    x = mg.asarray(np.random.default_rng(0).normal(size=(2, 2, 3, 3)).astype("float32"))
    np.testing.assert_allclose(
        fold(bn, layer)(x).detach().numpy(), layer(bn(x)).detach().numpy(), rtol=1e-4, atol=1e-5
    )
