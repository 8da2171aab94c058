"""The same functions, by `check_grads`: every element, random cotangents, second order."""

from __future__ import annotations

import numpy as np
import pytest
from test_naive import FUNCTIONS

import minigrad as mg
from minigrad.testing import check_grads
from minigrad_bn.functional import batch_norm

rng = np.random.default_rng(0)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_operation(name):
    check_grads(FUNCTIONS[name], rng.uniform(0.5, 2.5, (3, 4)), rng.uniform(0.5, 2.5, (3, 4)))


@pytest.mark.parametrize("training", [True, False])
def test_batch_norm(training):
    mean, var = mg.tensor(rng.normal(size=2)), mg.tensor(rng.uniform(0.5, 2, 2))
    x, weight, bias = (rng.normal(size=shape) for shape in ((5, 2, 3), 2, 2))
    check_grads(lambda *a: batch_norm(a[0], mean, var, *a[1:], training), x, weight, bias)
