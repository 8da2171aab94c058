"""What users do wrong, and every word of what they are told: a table, read by a test."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import minigrad as mg
from minigrad.nn import functional as F
from minigrad.tensor import Tensor

__all__ = ["Wrong", "arrangements", "conversions", "engine", "neural"]

Wrong = tuple[type[Exception], str, Callable[[], Any]]


def ones(*shape: int, **options: Any) -> Tensor:
    return mg.ones(shape, **options)


def integer(name: str) -> Any:
    return mg.asarray([1], dtype=name)


arrangements: list[Wrong] = [
    (ValueError, "moveaxis: (0, 1) and 0 do not pair up axes of (2, 3); name each axis once in "
     "both", lambda: mg.moveaxis(ones(2, 3), (0, 1), 0)),
    (ValueError, "expand_dims: (0, 0) names an axis of the result twice, for a Tensor of shape "
     "(2,)", lambda: mg.expand_dims(ones(2), axis=(0, 0))),
    (ValueError, "stack: expected at least one Tensor", lambda: mg.stack([])),
    (ValueError, "concat: expected at least one Tensor", lambda: mg.concat([])),
    (ValueError, "broadcast_arrays: (2,), (3,): shapes do not broadcast",
     lambda: mg.broadcast_arrays(ones(2), ones(3))),
    (ValueError, "meshgrid: indexing is 'yx', expected 'xy' or 'ij'",
     lambda: mg.meshgrid(ones(2), indexing="yx")),
    (ValueError, "take_along_axis: indices of shape (1,) for a Tensor of shape (2, 3): expected "
     "as many axes; add some with mg.expand_dims",
     lambda: mg.take_along_axis(ones(2, 3), integer("int64"))),
    (TypeError, "at[key].add: a value of float32 would be cut short in a Tensor of int64; cast "
     "one with mg.astype", lambda: integer("int64").at[0].add(0.5)),
    (TypeError, "index_set: a value of complex64 would be cut short in a Tensor of float32; cast "
     "one with mg.astype", lambda: ones(2).__setitem__(0, mg.asarray(1j))),
    (ValueError, "outer: expected vectors, got shapes (2, 1) and (3,)",
     lambda: mg.linalg.outer(ones(2, 1), ones(3))),
    (ValueError, "cross: (2,) and (3,): axis -1 has to have size 3 in both",
     lambda: mg.linalg.cross(ones(2), ones(3))),
    (ValueError, "matrix_norm: ord is 3, expected 'fro', 'nuc', 1, -1, 2, -2, inf or -inf",
     lambda: mg.linalg.matrix_norm(ones(2, 2), ord=3)),
    (TypeError, "inv: float16 of shape (2, 2): linear algebra has no half precision; use "
     "x.astype(mg.float32)", lambda: mg.linalg.inv(ones(2, 2, dtype="float16"))),
]  # fmt: skip

conversions: list[Wrong] = [
    (TypeError, "finfo: int64 is no floating dtype; use mg.iinfo", lambda: mg.finfo(mg.int64)),
    (TypeError, "iinfo: float32 is no integer dtype; use mg.finfo", lambda: mg.iinfo(ones(2))),
    (ValueError, "result_type: expected at least one Tensor or dtype beside the numbers",
     lambda: mg.result_type(1, 2.0)),
    (ValueError, "to_device: stream=1; transfers are synchronous, pass none",
     lambda: mg.to_device(ones(2), "cpu", stream=1)),
    (ValueError, "asarray: setting an array element with a sequence. The requested array has an "
     "inhomogeneous shape after 1 dimensions. The detected shape was (2,) + inhomogeneous part.",
     lambda: mg.asarray([[1], [1, 2]])),
    (ValueError, "zeros: negative dimensions are not allowed", lambda: mg.zeros((-1,))),
    (BufferError, "__dlpack__: copy=False, but axes run backwards, which few can read",
     lambda: mg.flip(ones(3)).__dlpack__(copy=False)),
    (BufferError, "__dlpack__: from cpu to DLPack device (2, 0) with copy=None; move the Tensor "
     "first, as in x.to('cpu')", lambda: ones(2).__dlpack__(dl_device=(2, 0))),
    (ValueError, "bernoulli: p is 1.5, expected 0 <= p <= 1",
     lambda: mg.random.bernoulli((2,), 1.5)),
]  # fmt: skip

engine: list[Wrong] = [
    (ValueError, "jvp: tangent on strict for a primal on cpu; move one, as in x.to('cpu')",
     lambda: mg.jvp(mg.exp, (ones(2),), (ones(2, device="strict"),))),
    (TypeError, "a hook is a function, not a int",
     lambda: ones(2, requires_grad=True).register_hook(3)),
    (TypeError, "einsum: takes at least one Tensor, got none", lambda: mg.einsum("i")),
]  # fmt: skip

neural: list[Wrong] = [
    (KeyError, "\"functional_call: Linear has no ['slope']; it has ['weight', 'bias']\"",
     lambda: mg.nn.functional_call(mg.nn.Linear(1, 1), {"slope": ones(1)}, ones(1, 1))),
    (ValueError, "conv_transpose1d: groups is 2, which does not divide the 3 inputs of weight "
     "(3, 2, 2)", lambda: F.conv_transpose1d(ones(1, 3, 4), ones(3, 2, 2), groups=2)),
]  # fmt: skip
