"""DLPack, and other people's array-API code, which takes a Tensor and is differentiable."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import minigrad as mg
from tests.support.oracle import needs_torch, to_torch, torch


@needs_torch
def test_a_torch_tensor_comes_in_through_dlpack_sharing_memory() -> None:
    t = torch.arange(6, dtype=torch.float32).reshape(2, 3)
    x = mg.from_dlpack(t)
    assert (x.dtype, x.shape, x.device) == (mg.float32, (2, 3), "cpu")
    t[0, 0] = 9.0
    assert x[0, 0].item() == 9.0
    np.testing.assert_array_equal(mg.from_dlpack(t.T).numpy(), t.T.numpy())


@needs_torch
@pytest.mark.parametrize(
    "dtype", ["float16", "float32", "float64", "int8", "int64", "uint8", "bool"]
)
def test_every_dtype_travels_both_ways(dtype: str) -> None:
    values = np.array([[0, 1], [1, 0]]).astype(dtype)
    assert mg.from_dlpack(to_torch(values)).dtype == dtype
    t = torch.from_dlpack(mg.asarray(values))
    np.testing.assert_array_equal(t.numpy(), values)


@needs_torch
def test_a_tensor_goes_out_through_dlpack_as_a_copy_whatever_its_strides() -> None:
    x = mg.tensor([[1.0, 2.0], [3.0, 4.0]])
    read_only = np.array([[1.0, 2.0], [3.0, 4.0]])
    read_only.flags.writeable = False
    for part in (x, x[::-1], mg.matrix_transpose(x), mg.flip(x), mg.asarray(read_only)):
        before = part.numpy()
        t = torch.from_dlpack(part)
        np.testing.assert_array_equal(t.numpy(), before)
        t += 1.0
        np.testing.assert_array_equal(part.numpy(), before)
    assert x.tolist() == [[1, 2], [3, 4]]


@needs_torch
def test_a_tensor_that_requires_grad_is_detached_before_it_leaves() -> None:
    x = mg.ones(2, requires_grad=True)
    for tensor in (x, x * 2):
        with pytest.raises(ValueError, match=r"^__dlpack__: .*history would be lost.*detach\(\)"):
            torch.from_dlpack(tensor)
        torch.from_dlpack(tensor.detach())


def test_numpy_reads_a_tensor_through_dlpack() -> None:
    x = mg.tensor([1.0, 2.0])
    a = np.from_dlpack(x)
    assert a.tolist() == [1, 2]
    assert not np.shares_memory(a, x.data)


def test_einops_rearranges_reduces_and_repeats_differentiably(device: Any) -> None:
    einops = pytest.importorskip("einops.array_api")
    values = np.arange(24.0).reshape(2, 3, 4)
    x = mg.asarray(values, device=device, requires_grad=True)
    y = einops.rearrange(x * x, "a b (c d) -> (b c) a d", d=2)
    assert y.shape == (6, 2, 2)
    y = einops.reduce(y, "n a d -> a d", "mean")
    y = einops.repeat(y, "a d -> a d k", k=5)
    mg.sum(y * y).backward()
    mean = (values**2).reshape(2, 6, 2).mean(axis=1)  # over b and c, which lie side by side
    expected = (2 * 5 * mean[:, None] / 6 * np.ones((1, 6, 1))).reshape(2, 3, 4) * 2 * values
    np.testing.assert_allclose(x.grad.numpy(), expected, rtol=1e-13)


scipy_functions = {
    "special.logsumexp": "sp.special.logsumexp(x)",
    "special.softmax": "mg.sum(sp.special.softmax(x) * w)",
    "special.log_softmax": "mg.sum(sp.special.log_softmax(x) * w)",
    "stats.zscore": "mg.sum(sp.stats.zscore(x) * w)",
    "stats.kurtosis": "sp.stats.kurtosis(x)",
    "stats.pmean": "sp.stats.pmean(x, 3.0)",
    "integrate.trapezoid": "sp.integrate.trapezoid(x * x)",
}


def test_scipy_is_differentiable() -> None:
    """SciPy reads the variable when it is imported, hence a process of its own."""
    pytest.importorskip("scipy")
    root = str(Path(mg.__file__).parents[1])
    code = "\n".join([
        "import numpy as np, minigrad as mg, scipy as sp",
        "import scipy.integrate, scipy.special, scipy.stats",
        "from tests.support.numeric import assert_is_derivative",
        "rng = np.random.default_rng(0)",
        "v, d, w = rng.uniform(0.5, 2.0, 6), rng.standard_normal(6), mg.asarray(rng.random(6))",
        f"for name, expression in {scipy_functions!r}.items():",
        "    f = eval('lambda x: ' + expression)",
        "    x = mg.asarray(v, requires_grad=True)",
        "    y = f(x)",
        "    assert isinstance(y, mg.Tensor), name",
        "    y.backward()",
        "    g = lambda a: f(mg.asarray(a)).numpy()",
        "    assert_is_derivative(np.sum(x.grad.numpy() * d), g, [v], [d], name, terms=6)",
        "    print(name)",
    ])  # fmt: skip
    result = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        cwd=root,
        env={**os.environ, "SCIPY_ARRAY_API": "1"},
    )
    assert result.returncode == 0, result.stderr
    assert result.stdout.split() == list(scipy_functions)
