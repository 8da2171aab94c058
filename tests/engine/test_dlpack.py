"""DLPack: other libraries' arrays come in, Tensors go out."""

from __future__ import annotations

import numpy as np
import pytest

import minigrad as mg
from minigrad.testing.oracles import to_torch, torch
from minigrad.testing.suite.checks import needs_torch


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
