"""Layers against PyTorch's: the same state dict, outputs, gradients, text and arguments."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given

import minigrad as mg
from minigrad import nn
from minigrad.testing.budget import examples
from minigrad.testing.derivatives import to_numpy
from minigrad.testing.oracles import from_torch, to_torch, torch
from minigrad.testing.strategies.arrays import seeds
from minigrad.testing.suite.checks import needs_torch
from minigrad.testing.tolerance import assert_close, largest

from .nets import both

Shape = tuple[int, ...]

# A layer as a function of the library's `nn`, and the shape of an input for it.
layers: dict[str, tuple[Callable[[Any], Any], Shape]] = {
    "Linear": (lambda n: n.Linear(3, 4), (2, 3)),
    "Linear without bias": (lambda n: n.Linear(3, 4, bias=False), (2, 5, 3)),
    "Identity": (lambda n: n.Identity(7, unused=True), (2, 3)),
    "Conv1d": (lambda n: n.Conv1d(4, 6, 3, 2, 1, 1, 2), (2, 4, 7)),
    "Conv1d same": (lambda n: n.Conv1d(2, 3, 3, padding="same", dilation=2), (1, 2, 7)),
    "Conv2d": (lambda n: n.Conv2d(2, 3, (3, 2), (2, 1), (1, 0)), (2, 2, 6, 5)),
    "Conv2d grouped": (lambda n: n.Conv2d(4, 4, 3, groups=4, dilation=2), (1, 4, 6, 7)),
    "ConvTranspose1d": (
        lambda n: n.ConvTranspose1d(2, 3, 3, stride=2, output_padding=1),
        (2, 2, 5),
    ),
    "ConvTranspose2d": (
        lambda n: n.ConvTranspose2d(4, 6, (3, 2), 2, 1, 1, 2, False, 2),
        (2, 4, 4, 5),
    ),
    "Conv2d same": (lambda n: n.Conv2d(2, 4, 3, padding="same", bias=False), (2, 2, 5, 4)),
    "ReLU": (lambda n: n.ReLU(), (2, 3)),
    "LeakyReLU": (lambda n: n.LeakyReLU(0.2), (2, 3)),
    "GELU": (lambda n: n.GELU(), (2, 3)),
    "GELU tanh": (lambda n: n.GELU("tanh"), (2, 3)),
    "SiLU": (lambda n: n.SiLU(), (2, 3)),
    "Sigmoid": (lambda n: n.Sigmoid(), (2, 3)),
    "Tanh": (lambda n: n.Tanh(), (2, 3)),
    "Softplus": (lambda n: n.Softplus(2.0, 3.0), (2, 3)),
    "Softmax": (lambda n: n.Softmax(dim=1), (2, 3, 2)),
    "LogSoftmax": (lambda n: n.LogSoftmax(dim=-1), (2, 3)),
    "MaxPool1d": (lambda n: n.MaxPool1d(2), (2, 3, 6)),
    "MaxPool2d": (lambda n: n.MaxPool2d(3, 2, 1), (2, 3, 6, 5)),
    "AvgPool1d": (lambda n: n.AvgPool1d(2, 1), (2, 3, 6)),
    "AvgPool2d": (lambda n: n.AvgPool2d((2, 3), padding=1), (2, 3, 6, 5)),
    "AdaptiveAvgPool2d": (lambda n: n.AdaptiveAvgPool2d((2, None)), (2, 3, 5, 4)),
    "Flatten": (lambda n: n.Flatten(), (2, 3, 4)),
    "Flatten some": (lambda n: n.Flatten(1, 2), (2, 3, 4, 2)),
    "Dropout of nothing": (lambda n: n.Dropout(0.0), (2, 3)),
    "LayerNorm": (lambda n: n.LayerNorm((3, 4)), (2, 3, 4)),
    "LayerNorm without bias": (lambda n: n.LayerNorm(4, bias=False), (2, 3, 4)),
    "LayerNorm plain": (lambda n: n.LayerNorm(4, 1e-3, elementwise_affine=False), (3, 4)),
    "GroupNorm": (lambda n: n.GroupNorm(2, 4), (2, 4, 3)),
    "GroupNorm plain": (lambda n: n.GroupNorm(2, 4, affine=False), (2, 4, 3, 2)),
    "Sequential": (
        lambda n: n.Sequential(
            n.Conv2d(1, 2, 3, padding=1),
            n.GELU(),
            n.MaxPool2d(2),
            n.Flatten(),
            n.Linear(8, 3),
            n.LogSoftmax(1),
        ),
        (2, 1, 4, 4),
    ),
}
every_layer = pytest.mark.parametrize("name", layers)


@every_layer
@needs_torch
@examples(0.2)
@given(seed=seeds)
def test_output_and_gradients_equal_pytorchs(name: str, device: Any, seed: int) -> None:
    build, shape = layers[name]
    rng = np.random.default_rng(seed)
    ours, theirs = both(build, rng, device)
    values = rng.uniform(-2, 2, shape)
    x = mg.asarray(values, device=device, requires_grad=True)
    x_torch = to_torch(values, True)
    y, expected = ours(x), theirs(x_torch)
    u = rng.standard_normal(y.shape)
    y.backward(mg.asarray(u, device=device))
    expected.backward(to_torch(u))
    magnitude = largest(values) ** 2 * largest(u)
    terms = values.size * 10
    assert_close(to_numpy(y), from_torch(expected), name, terms=terms, magnitude=magnitude)
    found = [(x.grad, x_torch.grad)]
    found += [(p.grad, q.grad) for p, q in zip(ours.parameters(), theirs.parameters(), strict=True)]
    for g, e in found:
        assert_close(to_numpy(g), from_torch(e), name, terms=terms, magnitude=magnitude)


@every_layer
@needs_torch
def test_text_and_names_equal_pytorchs(name: str) -> None:
    build, _ = layers[name]
    ours, theirs = build(nn), build(torch.nn)
    assert repr(ours) == repr(theirs)
    assert list(ours.state_dict()) == list(theirs.state_dict())
    for name, tensor in ours.state_dict().items():
        assert tensor.shape == tuple(theirs.state_dict()[name].shape)


# What PyTorch has and we leave out: dead arguments, and features of a later day.
LEFT_OUT = {"_weight", "_freeze", "max_norm", "norm_type", "scale_grad_by_freq", "sparse"}
LEFT_OUT |= {"size_average", "reduce", "return_indices", "args", "kwargs"}


classes = {name for name in nn.__all__ if inspect.isclass(getattr(nn, name))}
classes -= {"Module", "Parameter", "Sequential", "ModuleList", "Identity"}


@needs_torch
@pytest.mark.parametrize("name", sorted(classes))
def test_arguments_have_pytorchs_order_and_defaults(name: str) -> None:
    ours = inspect.signature(getattr(nn, name)).parameters
    theirs = inspect.signature(getattr(torch.nn, name)).parameters
    assert set(theirs) - set(ours) <= LEFT_OUT
    assert {n: p.default for n, p in ours.items()} == {n: theirs[n].default for n in ours}
    by_position = [n for n, p in ours.items() if p.kind is p.POSITIONAL_OR_KEYWORD]
    assert by_position == list(theirs)[: len(by_position)]


losses: dict[str, Callable[[Any, Any], Any]] = {
    "MSELoss": lambda n, w: n.MSELoss(reduction="sum"),
    "L1Loss": lambda n, w: n.L1Loss(),
    "SmoothL1Loss": lambda n, w: n.SmoothL1Loss(beta=0.5),
    "NLLLoss": lambda n, w: n.NLLLoss(w, ignore_index=2),
    "CrossEntropyLoss": lambda n, w: n.CrossEntropyLoss(w, label_smoothing=0.1),
    "BCEWithLogitsLoss": lambda n, w: n.BCEWithLogitsLoss(pos_weight=w),
}


@pytest.mark.parametrize("name", losses)
@needs_torch
@examples(0.3)
@given(seed=seeds)
def test_losses_equal_pytorchs(name: str, device: Any, seed: int) -> None:
    rng = np.random.default_rng(seed)
    weight, x = rng.uniform(0.1, 2, 3), rng.uniform(-2, 2, (4, 3))
    labels = name in ("NLLLoss", "CrossEntropyLoss")
    target = np.array([0, 1, 2, 1]) if labels else rng.uniform(0, 1, (4, 3))
    ours = losses[name](nn, mg.asarray(weight, device=device))
    theirs = losses[name](torch.nn, to_torch(weight))
    assert repr(ours) == repr(theirs)
    assert list(ours.state_dict()) == list(theirs.state_dict())
    logits, logits_torch = mg.asarray(x, device=device, requires_grad=True), to_torch(x, True)
    u = rng.standard_normal()
    loss = ours(logits, mg.asarray(target, device=device))
    expected = theirs(logits_torch, to_torch(target))
    loss.backward(u)
    expected.backward(to_torch(u))
    assert_close(to_numpy(loss), from_torch(expected), name, terms=x.size, magnitude=4.0)
    found, slope = to_numpy(logits.grad), from_torch(logits_torch.grad)
    assert_close(found, slope, name, terms=x.size, magnitude=abs(u) * 4)


@needs_torch
@examples(0.5)
@given(seed=seeds)
def test_embedding_equals_pytorchs_and_its_padding_row_stays(device: Any, seed: int) -> None:
    rng = np.random.default_rng(seed)
    ours, theirs = both(lambda n: n.Embedding(4, 3, padding_idx=-2), rng, device)
    assert repr(ours) == repr(theirs)
    index, u = rng.integers(0, 4, (2, 5)), rng.standard_normal((2, 5, 3))
    y, expected = ours(mg.asarray(index, device=device)), theirs(to_torch(index))
    y.backward(mg.asarray(u, device=device))
    expected.backward(to_torch(u))
    np.testing.assert_array_equal(to_numpy(y), from_torch(expected))
    found = to_numpy(ours.weight.grad)
    assert_close(found, from_torch(theirs.weight.grad), "embedding", terms=10, magnitude=largest(u))
    assert not found[2].any()
    assert not to_numpy(nn.Embedding(4, 3, padding_idx=1, device=device).weight)[1].any()


@pytest.mark.parametrize("inplace", [False, True])
@pytest.mark.parametrize("layer", [nn.ReLU, nn.LeakyReLU, nn.SiLU, nn.Dropout])
def test_inplace_rebinds_the_handle_and_gradients_flow(layer: Any, inplace: bool) -> None:
    mg.random.manual_seed(3)
    leaf = mg.tensor([-1.0, 2.0, -3.0, 4.0], requires_grad=True)
    x = leaf * 1.0
    same = x
    y = layer(inplace=inplace)(x)
    if inplace:
        np.testing.assert_array_equal(to_numpy(same), to_numpy(y))
    else:
        np.testing.assert_array_equal(to_numpy(same), to_numpy(leaf))
    y.backward(mg.tensor([1.0, 2.0, 3.0, 4.0]))
    slope = leaf.grad.numpy()
    assert slope.any()
    np.testing.assert_array_equal(to_numpy(leaf), [-1, 2, -3, 4])


def test_inplace_on_a_leaf_that_requires_grad_is_an_error() -> None:
    with pytest.raises(ValueError, match=r"relu\(inplace=True\).*leaf that requires grad"):
        nn.ReLU(inplace=True)(mg.ones(3, requires_grad=True))
