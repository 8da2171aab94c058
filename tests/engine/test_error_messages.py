"""Errors name the operation, shapes, dtypes, devices and the fix. These are kept to the letter."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import minigrad as mg
from minigrad.primitive import all_primitives
from minigrad.tensor import Tensor
from tests.engine.lines import here
from tests.engine.messages import arrangements, conversions, engine, neural

Call = Callable[[], Any]


def ones(*shape: int, **options: Any) -> Tensor:
    return mg.ones(shape, **options)


golden: list[tuple[type[Exception], str, Call]] = [
    (ValueError, "matmul: (3, 4) @ (5, 6): inner dimensions 4 and 5 differ",
     lambda: ones(3, 4) @ ones(5, 6)),
    (ValueError, "matmul: (2, 3, 4) @ (3, 4, 5): batch dimensions do not broadcast",
     lambda: ones(2, 3, 4) @ ones(3, 4, 5)),
    (ValueError, "add: (3, 4) and (5, 4): shapes do not broadcast: axis -2 has 3 and 5",
     lambda: ones(3, 4) + ones(5, 4)),
    (ValueError, "where: (2,) and (3,) and (2,): shapes do not broadcast: axis -1 has 2 and 3",
     lambda: mg.where(ones(2) > 0, ones(3), ones(2))),
    (ValueError, "multiply: inputs are on cpu and strict; move one, as in x.to('cpu')",
     lambda: ones(2) * ones(2, device="strict")),
    (ValueError, "reshape: (2, 3) has 6 elements, which do not fill (4, 2)",
     lambda: mg.reshape(ones(2, 3), (4, 2))),
    (ValueError, "broadcast_to: (2,) does not broadcast to (3,)",
     lambda: mg.broadcast_to(ones(2), (3,))),
    (ValueError, "concat: inputs differ in more than axis 0: (2, 3) float32 on cpu, "
     "(2, 4) float32 on cpu", lambda: mg.concat([ones(2, 3), ones(2, 4)])),
    (ValueError, "stack: inputs differ in shape: (2,) float32 on cpu, (3,) float32 on cpu",
     lambda: mg.stack([ones(2), ones(3)])),
    (ValueError, "squeeze: axis 0 of (2, 1) has size 2, not 1",
     lambda: mg.squeeze(ones(2, 1), axis=0)),
    (ValueError, "expand_dims: axis 3 is out of bounds for 2 dimensions",
     lambda: mg.expand_dims(ones(2), axis=3)),
    (ValueError, "permute_dims: (0, 0) is no permutation of the axes of (2, 3)",
     lambda: mg.permute_dims(ones(2, 3), (0, 0))),
    (ValueError, "tensordot: (2, 3) and (2, 3) over axes (1,) and (0,): sizes (3,) and (2,) differ",
     lambda: mg.tensordot(ones(2, 3), ones(2, 3), axes=1)),
    (ValueError, "vecdot: (2,) and (3,): axis -1 has sizes 2 and 3",
     lambda: mg.vecdot(ones(2), ones(3))),
    (ValueError, "take: a Tensor of shape (2, 3) needs an axis",
     lambda: mg.take(ones(2, 3), mg.asarray([0]))),
    (ValueError, "pad: pad_width ((1, 1), (1, 1), (1, 1)) for shape (2, 3); expected 2 pairs "
     "(before, after), none negative, or one, or a number",
     lambda: mg.pad(ones(2, 3), ((1, 1),) * 3)),
    (TypeError, "concat: input 1 is a str, not a Tensor", lambda: mg.concat([ones(2), "x"])),
    (TypeError, "stack: input 0 is a float, not a Tensor; use mg.tensor(...)",
     lambda: mg.stack([1.0, ones(2)])),
    (TypeError, "broadcast_arrays: input 1 is a list, not a Tensor; use mg.tensor(...)",
     lambda: mg.broadcast_arrays(ones(2), [1.0])),
    (TypeError, "add: input 1 is missing, or None; expected a Tensor", lambda: mg.add(ones(2))),
    (ValueError, "cumulative_sum: a Tensor of shape (2, 3) needs an axis",
     lambda: mg.cumulative_sum(ones(2, 3))),
    (IndexError, "getitem: an array is indexed by integers or booleans, not float64",
     lambda: ones(3)[1.5]),
    (ValueError, "item: a Tensor of shape (2,) has not one element", lambda: ones(2).item()),
    (ValueError, "the truth of a Tensor of shape (2,) is ambiguous; use mg.any or mg.all",
     lambda: bool(ones(2))),
    (TypeError, "exp: input 0 is a list, not a Tensor; use mg.tensor(...)", lambda: mg.exp([1.0])),
    (TypeError, "add: input 1 is a list, not a Tensor; use mg.stack(...)",
     lambda: mg.add(ones(2), [ones(2)])),
    (TypeError, "multiply: input 1 is a str, not a Tensor", lambda: ones(2) * "x"),
    (ValueError, "add: Python integer 300 out of bounds for int8; got (2,) int8 on cpu, int 300",
     lambda: ones(2, dtype="int8") + 300),
    (TypeError, "a Tensor of shape (), float32 is no index", lambda: [1, 2][ones()]),
    (TypeError, "requires_grad: only floating-point Tensors have gradients, not int64",
     lambda: mg.tensor([1, 2], requires_grad=True)),
    (TypeError, "astype: complex128 to float64 would lose a part; use mg.real or mg.imag",
     lambda: mg.astype(mg.asarray(np.array([1j])), mg.float64)),
    (ValueError, "backward: complex64 needs a gradient (cotangent); only a real number can go "
     "without, such as mg.real(y) or mg.abs(y)",
     lambda: mg.tensor(1j, requires_grad=True).backward()),
    (TypeError, "grad: the function returned complex64, expected a real number, such as "
     "mg.real(y) or mg.abs(y)", lambda: mg.grad(lambda x: x * 1j)(ones())),
    (TypeError, "jacobian: of complex numbers there are two, by the real and by the imaginary "
     "part; take those of functions of real numbers that return mg.real(y), mg.imag(y)",
     lambda: mg.jacobian(lambda x: x * 1j)(ones(2))),
    (ValueError, "backend 'numpy' has no device '5'; it has ['cpu']", lambda: mg.device("cpu:5")),
]  # fmt: skip


golden += [*arrangements, *conversions, *engine, *neural]


@pytest.mark.parametrize(("error", "message", "call"), golden, ids=[g[1][:40] for g in golden])
def test_messages_to_the_letter(error: type[Exception], message: str, call: Call) -> None:
    with pytest.raises(error) as caught:
        call()
    assert str(caught.value) == message


def test_an_error_keeps_what_the_library_said_as_its_cause(device: Any) -> None:
    with pytest.raises(ValueError, match=r"^sum: ") as caught:
        mg.sum(ones(2, 3, device=device), axis=5)
    assert caught.value.__cause__ is not None


def test_what_is_unknown_is_named_beside_what_is_known() -> None:
    known = r"\[.*'cpu'.*'cuda'.*'strict'.*\]"
    with pytest.raises(
        ValueError, match=rf"^unknown device 'gpu'; names begin with one of {known}$"
    ):
        ones(2, device="gpu")
    with pytest.raises(ValueError, match=r"^unknown backend 'abacus'; known are \[.*'numpy'.*\]$"):
        mg.backends.get("abacus")


def test_a_machine_without_a_gpu_says_what_is_missing_and_what_to_install() -> None:
    (cupy,) = [status for status in mg.backends.status() if status.name == "cupy"]
    if cupy.usable:
        pytest.skip("this machine has a GPU")
    message = r"^backend 'cupy' can't be used: .+; try `pip install 'minigrad\[cuda12\]'"
    for call in (lambda: ones(2, device="cuda"), lambda: mg.device("cuda:1")):
        with pytest.raises(RuntimeError, match=message):
            call()


@pytest.mark.parametrize("create_graph", [False, True])
def test_a_rule_for_real_numbers_alone_refuses_complex_ones_by_name_and_line(
    device: Any, create_graph: bool
) -> None:
    """It might be right and might be wrong: before anything changes, it is an error."""
    cube = mg.extend.primitive("cube", lambda xp, g, y, x: 3 * g * x * x,
                               forward=lambda xp, x: x * x * x)  # fmt: skip
    all_primitives.remove(cube)
    x = ones(2, device=device, requires_grad=True)
    y, line = cube(x * 1j), here()
    loss = mg.sum(mg.abs(y))
    message = rf"cube, recorded at {line}, has no derivative through complex numbers; apply it to"
    for _ in range(2):
        with pytest.raises(TypeError, match=message):
            mg.autograd.grad(loss, x, create_graph=create_graph)
    with pytest.raises(TypeError, match=rf"^backward: {message}"):
        loss.backward()
    assert x.grad is None


@pytest.mark.parametrize("create_graph", [False, True])
def test_a_rule_for_real_numbers_alone_refuses_a_complex_gradient_for_a_real_input(
    device: Any, create_graph: bool
) -> None:
    turned = mg.extend.primitive("turned", lambda xp, g, y, x: g * 1j,
                                 forward=lambda xp, x: x * 1j)  # fmt: skip
    all_primitives.remove(turned)
    x = ones(2, device=device, requires_grad=True)
    y, line = turned(x), here()
    message = rf"turned, recorded at {line}, has no derivative through complex numbers"
    with pytest.raises(TypeError, match=message):
        mg.autograd.grad(mg.sum(mg.abs(y)), x, create_graph=create_graph)
    assert x.grad is None


def test_the_line_that_recorded_an_operation_is_the_users(device: Any) -> None:
    x = ones(2, device=device, requires_grad=True)
    y, line = mg.special.logsumexp(mg.sort(x)), here()
    assert repr(y.node) == f"logsumexp, recorded at {line}"
