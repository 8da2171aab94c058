"""Arrays of others and for others: DLPack, buffers, copies, devices."""

from __future__ import annotations

import array
from typing import Any

import numpy as np
import pytest

import minigrad as mg

from .reference import all_dtypes, strict

CPU = (1, 0)
views = {
    "whole": lambda a: a,
    "reversed": lambda a: a[::-1, ::-1],
    "strided": lambda a: a[:, ::2],
    "transposed": lambda a: a.T,
    "empty": lambda a: a[:0],
    "scalar": lambda a: a[0, 0, ...],
}


def some(name: str = "float32") -> np.ndarray[Any, Any]:
    return (np.arange(12).reshape(3, 4) % 5).astype(name)


@pytest.mark.parametrize("view", views)
@pytest.mark.parametrize("name", all_dtypes)
def test_dlpack_carries_every_dtype_and_layout_both_ways(view: str, name: str, device: Any) -> None:
    a = views[view](some(name))
    x = mg.asarray(a, device=device)
    for there in (np.from_dlpack(x), np.from_dlpack(x, copy=True), mg.from_dlpack(x).numpy()):
        assert there.dtype == a.dtype
        np.testing.assert_array_equal(there, a)
    back = mg.from_dlpack(np.from_dlpack(x), device=device)
    assert (back.device, back.dtype) == (device, x.dtype)
    np.testing.assert_array_equal(back.numpy(), a)


def test_who_receives_a_tensor_by_dlpack_may_write_to_it(device: Any) -> None:
    """Unless it asked for the memory itself."""
    x = mg.asarray(some(), device=device)
    for max_version in (None, (0, 8), (1, 0)):
        holder = Holder(x, max_version=max_version)
        received = np.from_dlpack(holder)
        if received.flags.writeable:
            received[...] = 7
        assert x.tolist() == some().tolist()
    shared = np.from_dlpack(x, copy=False)
    assert np.shares_memory(shared, np.asarray(getattr(x.data, "_array", x.data)))


class Holder:
    """A producer that answers the consumer's questions its own way."""

    def __init__(self, x: mg.Tensor, **options: Any) -> None:
        self.x, self.options = x, options

    def __dlpack__(self, **asked: Any) -> Any:
        return self.x.__dlpack__(**self.options)

    def __dlpack_device__(self) -> tuple[int, int]:
        return self.x.__dlpack_device__()


def test_dlpack_knows_the_device_and_refuses_others(device: Any) -> None:
    x = mg.asarray(some(), device=device)
    if device == "cuda":
        assert x.__dlpack_device__()[0] == 2
        with pytest.raises(BufferError, match=r"^__dlpack__: from cuda to DLPack device \(1, 0\)"):
            x.__dlpack__(dl_device=CPU, copy=False)
    else:
        assert x.__dlpack_device__() == CPU
    x.__dlpack__(dl_device=CPU, max_version=(1, 0))
    with pytest.raises(BufferError, match=r"DLPack device \(7, 3\).*move the Tensor first"):
        x.__dlpack__(dl_device=(7, 3))
    with pytest.raises(ValueError, match=r"^__dlpack__: .*history would be lost"):
        mg.ones(2, device=device, requires_grad=True).__dlpack__()


def test_memory_that_runs_backwards_is_not_shared() -> None:
    x = mg.asarray(some()[::-1])
    with pytest.raises(BufferError, match=r"^__dlpack__: copy=False, but axes run backwards"):
        x.__dlpack__(copy=False)


def test_read_only_memory_comes_in_and_goes_out_as_a_copy() -> None:
    a = some()
    a.flags.writeable = False
    x = mg.from_dlpack(a)
    np.from_dlpack(x, copy=True)[...] = 9
    np.testing.assert_array_equal(x.numpy(), some())


def test_from_dlpack_moves_and_copies_as_told(device: Any) -> None:
    a = some()
    assert np.shares_memory(mg.from_dlpack(a).data, a)
    assert not np.shares_memory(mg.from_dlpack(a, copy=True).data, a)
    assert mg.from_dlpack(a, device=device).device is device
    assert mg.from_dlpack(strict.asarray(a), device=device).device is device
    if device != "cpu":
        with pytest.raises(ValueError, match=r"^from_dlpack: copy=False, but .* has to be conv"):
            mg.from_dlpack(a, device=device, copy=False)


def test_asarray_copies_when_told_to_and_refuses_when_it_may_not(device: Any) -> None:
    x = mg.asarray(some(), device=device)
    assert mg.asarray(x) is x
    assert mg.asarray(x, copy=False) is x
    assert mg.asarray(x, copy=True).data is not x.data
    for copy in (None, True):
        assert mg.asarray(x, dtype=mg.int8, copy=copy).dtype == mg.int8
    with pytest.raises(ValueError, match=r"^asarray: copy=False, but float32 on .* has to be"):
        mg.asarray(x, dtype=mg.int8, copy=False)
    with pytest.raises(ValueError, match=r"^asarray: copy=False, but Python data has to be copied"):
        mg.asarray([1.0], copy=False)
    with pytest.raises(TypeError, match=r"^asarray: a list of Tensors would lose their history"):
        mg.asarray([[x, x]])


@pytest.mark.parametrize("kind", [memoryview, bytearray, bytes, lambda b: array.array("B", b)])
def test_a_buffer_keeps_its_dtype_and_shares_its_memory(kind: Any) -> None:
    buffer = kind(b"abc")
    x = mg.asarray(buffer, copy=False)
    assert (x.dtype, x.tolist()) == (mg.uint8, [97, 98, 99])
    assert np.shares_memory(x.data, np.frombuffer(buffer, dtype=np.uint8))
    assert not np.shares_memory(mg.asarray(buffer, copy=True).data, x.data)
    assert mg.asarray(array.array("d", [0.1])).dtype == mg.float64


def test_reshape_copies_when_told_to_and_refuses_when_it_may_not() -> None:
    x = mg.asarray(some())
    assert np.shares_memory(mg.reshape(x, (4, 3), copy=False).data, x.data)
    assert not np.shares_memory(mg.reshape(x, (4, 3), copy=True).data, x.data)
    with pytest.raises(ValueError, match=r"^reshape: copy=False, but \(4, 3\) to \(12,\) has to"):
        mg.reshape(x.T, (12,), copy=False)


def test_reshape_with_a_copy_has_a_gradient(device: Any) -> None:
    x = mg.tensor([[1.0, 2.0]], device=device, requires_grad=True)
    mg.reshape(x, (2,), copy=True).backward(mg.tensor([3.0, 4.0], device=device))
    assert x.grad.tolist() == [[3, 4]]


def test_results_are_where_their_inputs_are(device: Any) -> None:
    for place in [d for d in mg.__array_namespace_info__().devices() if "no_" not in d.name]:
        x = mg.ones((2, 3), device=place)
        first = mg.asarray([0], device=place)
        results = [x + 1, mg.sum(x), x[0], mg.where(x > 0, x, 0.0), mg.zeros_like(x), mg.sort(x)]
        results += [mg.full_like(x, 2), mg.unique_all(x).counts, mg.take(x, first, axis=1)]
        for y in [*results, mg.astype(x, mg.int8)]:
            assert y.device is place
        assert mg.ones_like(x, device=device).device is device
        assert x.to_device(device).device is device
        assert mg.astype(x, mg.int8, device=device).device is device
        with pytest.raises(ValueError, match=r"^to_device: stream=1; transfers are synchronous"):
            x.to_device(device, stream=1)
