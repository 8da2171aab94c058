"""An optimiser's state dict: what a resumed training needs to go on bit for bit.

It has PyTorch's form, {"state": {number: {...}}, "param_groups": [{..., "params": [numbers]}]},
with Tensors for arrays. Parameters are numbered in the order of the groups.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..nn.state import array_like, host_array
from ..tensor import Tensor

if TYPE_CHECKING:
    from .optimizer import Optimizer

__all__ = ["load_state_dict", "state_dict"]


def state_dict(optimizer: Optimizer) -> dict[str, Any]:
    """The state of `optimizer`; later steps do not change it."""
    numbers = {id(p): i for i, p in enumerate(parameters(optimizer))}
    groups = [
        {**group, "params": [numbers[id(p)] for p in group["params"]]}
        for group in optimizer.param_groups
    ]
    state = {
        numbers[id(p)]: {key: exported(value, p) for key, value in entries.items()}
        for p, entries in optimizer.state.items()
    }
    return {"state": state, "param_groups": groups}


def load_state_dict(optimizer: Optimizer, state_dict: Mapping[str, Any]) -> None:
    """Take over the state and hyperparameters of `state_dict`.

    Arrays of any library take the dtype and device of their parameter. Raises ValueError, before
    anything is changed, if groups or shapes are not this optimiser's.
    """
    name = type(optimizer).__name__
    saved = state_dict["param_groups"]
    sizes = [len(group["params"]) for group in optimizer.param_groups]
    saved_sizes = [len(group["params"]) for group in saved]
    if sizes != saved_sizes:
        raise ValueError(
            f"{name}.load_state_dict: groups of {saved_sizes} parameters in the state dict, of "
            f"{sizes} in the optimiser; nothing was loaded"
        )
    numbers = [number for group in saved for number in group["params"]]
    of_number = dict(zip(numbers, parameters(optimizer), strict=True))
    unknown = [number for number in state_dict["state"] if number not in of_number]
    if unknown:
        raise ValueError(
            f"{name}.load_state_dict: state for parameters {unknown}, which are in no group; "
            "nothing was loaded"
        )
    state: dict[Tensor, dict[str, Any]] = {}
    for number, entries in state_dict["state"].items():
        p = of_number[number]
        try:
            present = {key: value for key, value in entries.items() if value is not None}
            state[p] = {key: imported(key, value, p) for key, value in present.items()}
        except ValueError as error:
            raise ValueError(
                f"{name}.load_state_dict: parameter {number}: {error}; nothing was loaded"
            ) from None
    for group, new in zip(optimizer.param_groups, saved, strict=True):
        group.update({key: value for key, value in new.items() if key != "params"})
    optimizer.state = state


def parameters(optimizer: Optimizer) -> list[Tensor]:
    return [p for group in optimizer.param_groups for p in group["params"]]


def exported(value: Any, p: Tensor) -> Any:
    """A raw array as a Tensor, NumPy's scalars for arrays without axes too; a number as it is."""
    if type(value) in (int, float):
        return value
    return Tensor(p.device.backend.asarray(value, device=p.device), p.device)


def imported(key: str, value: Any, p: Tensor) -> Any:
    """The count of steps as an integer, an array as a raw one of p's dtype and device."""
    array = host_array(value)
    if array is None:
        raise ValueError(f"{key} is a {type(value).__name__}, expected an array")
    if key == "step":
        return int(array)
    if array.shape != p.shape:
        raise ValueError(f"{key} has shape {array.shape}, expected {p.shape}")
    return array_like(p, array)
