"""What `batch_norm` refuses, in which words, and that nothing has changed then."""

from __future__ import annotations

import re

import pytest

import minigrad as mg
from minigrad.testing.oracles import torch
from minigrad_bn import batch_norm

GOOD = {
    "input": (4, 3, 5),
    "running_mean": (3,),
    "running_var": (3,),
    "weight": (3,),
    "bias": (3,),
    "training": True,
}
"""Arguments that are fine; a shape stands for ones of that shape."""

REFUSED = [
    # what is changed, the exception, what its message says, whether PyTorch raises the same
    ({"input": (1, 3)}, ValueError, r"1 value per channel when training.*\(1, 3\)", True),
    ({"input": (1, 3, 1)}, ValueError, r"drop_last=True.*eval\(\).*GroupNorm", True),
    ({"input": (3,)}, ValueError, r"\(N, C, ...\), got \(3,\)", False),
    ({"input": [[1.0]]}, TypeError, "got list; use mg.asarray", False),
    ({"running_var": None}, ValueError, "running_var is None; give both", True),
    ({"running_mean": None}, ValueError, "running_mean is None; give both", True),
    (
        {"running_mean": None, "running_var": None, "training": False},
        RuntimeError,
        "evaluation needs running_mean and running_var; training=True",
        True,
    ),
    ({"running_mean": (2,)}, RuntimeError, r"running_mean is for 2 .* \(4, 3, 5\) has 3$", True),
    ({"weight": (4,)}, RuntimeError, r"axis 0 has 4: .*mg.moveaxis\(x, 0, 1\)", True),
    ({"bias": (5,)}, RuntimeError, r"axis 2 has 5: .*mg.moveaxis\(x, 2, 1\)", True),
    ({"weight": (3, 1)}, RuntimeError, r"weight has shape \(3, 1\), expected \(3,\)", False),
    ({"eps": -1e-5}, ValueError, "eps must be finite and at least 0, got -1e-05", True),
    ({"eps": float("nan")}, ValueError, "eps must be finite", False),
    ({"momentum": 1.5}, ValueError, r"in \[0, 1\], got 1.5", False),
    ({"momentum": float("nan")}, ValueError, r"in \[0, 1\], got nan", False),
]


@pytest.mark.parametrize(("changes", "kind", "message", "as_torch"), REFUSED)
def test_bad_input_raises_before_anything_changes(device, changes, kind, message, as_torch):
    def call(function, ones):
        arguments = {**GOOD, **changes}
        made = {k: ones(v) if isinstance(v, tuple) else v for k, v in arguments.items()}
        running = [made[k] for k in ("running_mean", "running_var") if made[k] is not None]
        before = [t.data for t in running]
        with pytest.raises(kind) as caught:
            function(**made)
        return str(caught.value), running, before

    text, running, before = call(batch_norm, lambda shape: mg.ones(shape, device=device))
    assert re.match(f"batch_norm: .*{message}", text)
    for t, data in zip(running, before, strict=True):
        assert t.data is data
    if as_torch and torch is not None:
        call(torch.nn.functional.batch_norm, torch.ones)


def test_integers_are_refused(device):
    x = mg.ones((4, 3), dtype=mg.int64, device=device)
    with pytest.raises(TypeError, match=r"batch_norm: .*int64; cast it, as in x.astype"):
        batch_norm(x, None, None, training=True)


def test_an_error_says_which_tensor_is_elsewhere():
    pytest.importorskip("array_api_strict")
    x = mg.ones((4, 3))
    mean = mg.zeros((3,), device="strict")
    message = (
        "batch_norm: running_mean is on strict, the input on cpu; move one, as in x.to('strict')"
    )
    with pytest.raises(ValueError, match=re.escape(message)):
        batch_norm(x, mean, mg.ones((3,)), training=True)
