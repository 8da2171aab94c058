"""Bad input gets an error that names the operation, the shapes and the fix."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import minigrad as mg
from minigrad import nn
from minigrad.nn import functional as F

ones = mg.ones
image, kernel = ones((2, 3, 5, 5)), ones((4, 3, 3, 3))
labels = mg.asarray([0, 1])
doubles = ones((2, 3), dtype="float64")

Bad = tuple[Callable[[], Any], type[Exception], str]

shapes: list[Bad] = [
    (lambda: F.linear(ones((2, 4)), ones((3, 5))), ValueError,
     "linear: input (2, 4) with weight (3, 5): the last axis must be in_features=5"),
    (lambda: F.linear(ones(()), ones((3, 5))), ValueError,
     "linear: input () with weight (3, 5): the last axis must be in_features=5"),
    (lambda: F.linear(ones((2, 5)), ones((3, 5)), ones(4)), ValueError,
     "linear: weight (3, 5) and bias (4,): expected (out_features, in_features) and"),
    (lambda: F.conv2d(image, ones((4, 2, 3, 3))), ValueError,
     "conv2d: input (2, 3, 5, 5) has 3 channels, weight (4, 2, 3, 3) with groups=1 expects 2"),
    (lambda: F.conv2d(ones((5, 5)), kernel), ValueError,
     "conv2d: input (5, 5) with weight (4, 3, 3, 3): expected an input of 4 axes (or 3,"),
    (lambda: F.conv1d(ones((2, 3, 4, 5)), ones((1, 3, 2))), ValueError,
     "conv1d: input (2, 3, 4, 5) with weight (1, 3, 2): expected an input of 3 axes"),
    (lambda: F.conv2d(image, kernel, ones(3)), ValueError,
     "conv2d: bias (3,) with weight (4, 3, 3, 3): one per output"),
    (lambda: F.conv2d(image, ones((4, 3, 7, 3)), padding=(0, 1)), ValueError,
     "conv2d: a window of (7, 3) does not fit into the padded input of (5, 7); use a smaller"),
    (lambda: F.conv2d(image, kernel, groups=3), ValueError,
     "conv2d: groups is 3, which does not divide the 4 outputs of weight (4, 3, 3, 3)"),
    (lambda: F.max_pool2d(ones((5, 5)), 2), ValueError,
     "max_pool2d: input (5, 5): expected 3 or 4 axes"),
    (lambda: F.max_pool2d(image, 6), ValueError,
     "max_pool2d: a window of 6 does not fit into the padded input of 5"),
    (lambda: F.avg_pool2d(image, 2, padding=2), ValueError,
     "avg_pool2d: padding (2, 2) is more than half the kernel (2, 2)"),
    (lambda: F.adaptive_avg_pool2d(ones((2, 2)), 1), ValueError,
     "adaptive_avg_pool2d: input (2, 2): expected 3 or 4 axes"),
    (lambda: F.layer_norm(ones((2, 3)), (2,)), ValueError,
     "layer_norm: input (2, 3) does not end in (2,)"),
    (lambda: F.layer_norm(ones((2, 3)), 3, ones(2)), ValueError,
     "layer_norm: weight has shape (2,), expected (3,)"),
    (lambda: F.group_norm(ones((2, 3, 4)), 2), ValueError,
     "group_norm: input (2, 3, 4): expected (N, C, ...) with C divisible by num_groups=2"),
    (lambda: F.group_norm(ones((1, 3)), 3), ValueError,
     "group_norm: expected more than 1 value in each group, got input (1, 3)"),
    (lambda: F.mse_loss(ones((2, 1)), ones(2)), ValueError,
     "mse_loss: input (2, 1) and target (2,) differ in shape; reshape one"),
    (lambda: F.l1_loss(ones((2, 1)), ones(2)), ValueError, "l1_loss: input (2, 1) and target (2,)"),
    (lambda: F.binary_cross_entropy_with_logits(ones(2), ones(3)), ValueError,
     "binary_cross_entropy_with_logits: input (2,) and target (3,) differ in shape"),
    (lambda: F.binary_cross_entropy_with_logits(ones(2), ones(2), ones((3, 2))), ValueError,
     "binary_cross_entropy_with_logits: weights broadcast input (2,) to (3, 2)"),
    (lambda: F.cross_entropy(ones((2, 3)), mg.asarray([[0, 1]])), ValueError,
     "cross_entropy: target (1, 2) for input (2, 3): class indices have shape (2,)"),
    (lambda: F.cross_entropy(ones((2, 3)), ones(2)), ValueError,
     "cross_entropy: target (2,) for input (2, 3): probabilities have the input's shape, class"),
    (lambda: F.cross_entropy(ones((2, 3)), labels, ones(2)), ValueError,
     "cross_entropy: weight has shape (2,), expected (3,)"),
    (lambda: F.cross_entropy(ones(()), labels), ValueError,
     "cross_entropy: input (): expected (C,), (N, C) or (N, C, ...)"),
    (lambda: F.embedding(labels, ones(3)), ValueError,
     "embedding: weight (3,): expected (num_embeddings, dim)"),
    (lambda: nn.Flatten(1, 0)(ones((2, 3))), ValueError,
     "Flatten: start_dim 1 comes after end_dim 0 in (2, 3)"),
    (lambda: nn.Flatten(3)(ones((2, 3))), ValueError,
     "Flatten: axis 3 is out of bounds for 2 dimensions"),
]  # fmt: skip

values: list[Bad] = [
    (lambda: F.cross_entropy(ones((2, 3)), mg.asarray([0, 7])), IndexError,
     "cross_entropy: target holds 7, expected 0 to 2; ignore_index is -100"),
    (lambda: F.nll_loss(ones((2, 3)), mg.asarray([-1, 0])), IndexError,
     "nll_loss: target holds -1, expected 0 to 2; ignore_index is -100"),
    (lambda: F.nll_loss(ones((2, 3)), ones(2)), TypeError,
     "nll_loss: target is float32, expected integers; use x.astype(mg.int64)"),
    (lambda: F.cross_entropy(ones((2, 3)), mg.asarray([True, False])), TypeError,
     "cross_entropy: target is bool, expected integers"),
    (lambda: F.embedding(mg.asarray([5]), ones((3, 2))), IndexError,
     "embedding: input holds 5, expected 0 to 2"),
    (lambda: F.embedding(ones(2), ones((3, 2))), TypeError,
     "embedding: input is float32, expected integers; use x.astype(mg.int64)"),
    (lambda: F.embedding(labels, ones((3, 2)), padding_idx=3), ValueError,
     "embedding: padding_idx 3 is no row of weight (3, 2)"),
    (lambda: F.one_hot(mg.asarray([0, 3]), 3), ValueError,
     "one_hot: tensor holds 3, expected 0 to 2"),
    (lambda: F.one_hot(mg.asarray(np.zeros(0, dtype="int64"))), ValueError,
     "one_hot: an empty Tensor does not tell num_classes; pass it"),
    (lambda: F.one_hot(ones(2)), TypeError, "one_hot: tensor is float32, expected integers"),
    (lambda: F.binary_cross_entropy_with_logits(ones(2), labels), TypeError,
     "binary_cross_entropy_with_logits: target is int64, expected probabilities; use"),
    (lambda: F.linear(labels, ones((3, 2))), TypeError,
     "linear: input is int64, weight is float32; convert one, as in x.astype(...)"),
    (lambda: F.linear(doubles, ones((4, 3))), TypeError,
     "linear: input is float64, weight is float32; convert one, as in x.astype(...)"),
    (lambda: F.conv2d(mg.astype(image, "float64"), kernel), TypeError,
     "conv2d: input is float64, weight is float32; convert one, as in x.astype(...)"),
    (lambda: F.max_pool2d(mg.astype(image, "int64"), 2), TypeError,
     "max_pool2d: input is int64, expected floating; use x.astype(...)"),
]  # fmt: skip

arguments: list[Bad] = [
    (lambda: F.softmax(ones(2)), ValueError,
     "softmax: which axis? Pass dim, as in softmax(x, dim=-1)"),
    (lambda: F.log_softmax(ones(2), 1), ValueError,
     "log_softmax: dim 1 is out of bounds for shape (2,)"),
    (lambda: F.gelu(ones(2), "erf"), ValueError,
     "gelu: approximate is 'erf', expected 'none' or 'tanh'"),
    (lambda: F.dropout(ones(2), 1.5), ValueError, "dropout: p is 1.5, expected 0 <= p <= 1"),
    (lambda: F.mse_loss(ones(2), ones(2), reduction="avg"), ValueError,
     "mse_loss: reduction is 'avg', expected 'mean', 'sum' or 'none'"),
    (lambda: F.smooth_l1_loss(ones(2), ones(2), beta=-1), ValueError,
     "smooth_l1_loss: beta is -1, expected at least 0"),
    (lambda: F.cross_entropy(ones((2, 3)), labels, label_smoothing=2), ValueError,
     "cross_entropy: label_smoothing is 2, expected 0 to 1"),
    (lambda: F.conv2d(image, kernel, stride=0), ValueError,
     "conv2d: stride is 0, expected an integer of at least 1, or 2 of them"),
    (lambda: F.conv2d(image, kernel, dilation=(1, 1, 1)), ValueError,
     "conv2d: dilation is (1, 1, 1), expected an integer of at least 1, or 2 of them"),
    (lambda: F.conv1d(ones((1, 1, 3)), ones((1, 1, 1)), padding=-1), ValueError,
     "conv1d: padding is -1, expected an integer of at least 0"),
    (lambda: F.conv2d(image, kernel, padding="full"), ValueError,
     "conv2d: padding is 'full', expected 'same', 'valid' or a size"),
    (lambda: F.conv2d(image, kernel, stride=2, padding="same"), ValueError,
     "conv2d: padding='same' needs stride 1, got (2, 2); give a number"),
    (lambda: F.avg_pool2d(image, 2, divisor_override=0), ValueError,
     "avg_pool2d: divisor_override is 0"),
    (lambda: F.adaptive_avg_pool2d(image, (1, 0)), ValueError,
     "adaptive_avg_pool2d: output_size is (1, 0), expected an integer, or two of which either"),
    (lambda: nn.Conv2d(3, 4, 2, groups=2), ValueError,
     "Conv2d: groups=2 must divide in_channels=3 and out_channels=4"),
    (lambda: nn.ConvTranspose2d(4, 3, 2, groups=2), ValueError,
     "ConvTranspose2d: groups=2 must divide in_channels=4 and out_channels=3"),
    (lambda: nn.ConvTranspose1d(2, 2, 2, padding_mode="reflect"), ValueError,
     "ConvTranspose1d: padding_mode is 'reflect', only 'zeros' makes sense"),
    (lambda: F.conv_transpose1d(mg.ones((1, 2, 3)), mg.ones((3, 2, 2))), ValueError,
     r"conv_transpose1d: input (1, 2, 3) has 2 channels, weight (3, 2, 2) expects 3"),
    (lambda: F.conv_transpose1d(ones((1, 2, 3)), ones((2, 2, 2)), output_padding=1), ValueError,
     "conv_transpose1d: output_padding (1,) must be smaller than stride (1,) or dilation (1,)"),
    (lambda: F.conv_transpose1d(mg.ones((1, 2, 1)), mg.ones((2, 2, 2)), padding=1), ValueError,
     "conv_transpose1d: padding (1,) leaves nothing of an output of (2,); use less"),
    (lambda: F.conv_transpose1d(mg.ones((1, 2, 3)), mg.ones((2, 2, 2)), mg.ones(3)), ValueError,
     "conv_transpose1d: bias (3,) with weight (2, 2, 2) and groups=1: expected (2,), one per"),
    (lambda: F.conv_transpose1d(mg.ones((1, 2, 3)), mg.ones((2, 2, 2), dtype="float64")), TypeError,
     "conv_transpose1d: input is float32, weight is float64; convert one"),
    (lambda: F.conv_transpose2d(mg.ones((1, 2, 3)), mg.ones((2, 2, 2))), ValueError,
     "conv_transpose2d: input (1, 2, 3) with weight (2, 2, 2): expected an input of 4 axes"),
    (lambda: nn.Conv2d(3, 4, 2, padding_mode="circular"), ValueError,
     "Conv2d: padding_mode is 'circular', only 'zeros' is built in; pad the input"),
    (lambda: nn.Conv1d(3, 4, 2, stride=2, padding="same"), ValueError,
     "Conv1d: padding='same' needs stride 1"),
    (lambda: nn.GroupNorm(2, 3), ValueError,
     "GroupNorm: num_groups=2 does not divide num_channels=3"),
    (lambda: nn.Dropout(-0.1), ValueError, "Dropout: p is -0.1, expected 0 <= p <= 1"),
    (lambda: nn.Embedding(3, 2, padding_idx=3), ValueError,
     "Embedding: padding_idx 3 is no row of 3"),
    (lambda: nn.CrossEntropyLoss(reduction="avg"), ValueError,
     "CrossEntropyLoss: reduction is 'avg', expected 'mean', 'sum' or 'none'"),
]  # fmt: skip


@pytest.mark.parametrize("bad", [*shapes, *values, *arguments], ids=lambda bad: bad[2][:50])
def test_bad_input_is_explained(bad: Bad) -> None:
    call, error, message = bad
    with pytest.raises(error, match=f"^{re.escape(message)}"):
        call()


def test_tensors_of_two_devices_are_refused() -> None:
    with pytest.raises(ValueError, match=r"linear: inputs are on strict and cpu; move one"):
        nn.Linear(2, 1)(ones((1, 2), device="strict"))
