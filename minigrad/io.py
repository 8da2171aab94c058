"""State on disk: safetensors files, written whole or not at all, and never pickle.

A state is a dictionary with Tensors in it, as `state_dict()` returns. A flat one of Tensors becomes
a plain safetensors file, which other libraries read and write too. In a nested one a Tensor's name
is its path, the keys joined by `/` and an integer key in brackets: in `{"state": {0: {"step": t}}}`
it is `state/[0]/step`. What is no Tensor (a number, a string, None, a list, an empty dictionary) is
kept by its path too, as JSON, in the file's metadata under `minigrad`.
"""

from __future__ import annotations

import json
import os
import re
import secrets
from collections.abc import Iterator
from os import PathLike
from pathlib import Path
from typing import Any

import numpy

from .ops.creation import tensor
from .tensor import Tensor

__all__ = ["load", "load_metadata", "save", "write_atomically"]

_OURS = "minigrad"
_INTEGER_KEY = re.compile(r"\[(-?\d+)\]")


def save(
    path: str | PathLike[str], state_dict: dict[Any, Any], metadata: dict[str, str] | None = None
) -> None:
    """Write a dictionary of Tensors, nested if need be, to a safetensors file.

    The file appears whole, or the one that was there stays. `metadata` adds texts to its header.
    Values keep their dtype; where they lived and whether they require grad is not kept. Raises
    TypeError for a value that is neither a Tensor nor JSON's, or a key that is neither a string nor
    an integer; ValueError for a key that reads as part of a path.
    """
    from safetensors.numpy import save as serialise

    arrays: dict[str, Any] = {}
    rest: dict[str, Any] = {}
    for name, value in _flatten(state_dict):
        if isinstance(value, Tensor):
            arrays[name] = numpy.asarray(value.detach().numpy(), order="C")
        else:
            rest[name] = _json_checked(name, value)
    header = dict(metadata or {})
    if _OURS in header or not all(isinstance(t, str) for pair in header.items() for t in pair):
        raise TypeError(f"save: metadata holds texts by name, and the name {_OURS!r} is taken")
    if rest or arrays.keys() != state_dict.keys():
        header[_OURS] = json.dumps(rest)
    write_atomically(path, serialise(arrays, header or None))


def load(path: str | PathLike[str], device: Any = None) -> dict[Any, Any]:
    """The dictionary that `save` wrote, or a flat one from any safetensors file.

    Tensors are made on `device`, or the default device; lists come back for tuples. Raises
    FileNotFoundError if there is no such file, ValueError if it is no whole safetensors file.
    """
    header, arrays = _read(path)
    tensors = {name: tensor(array, device=device) for name, array in arrays.items()}
    if _OURS not in header:
        return tensors
    state: dict[Any, Any] = {}
    for name, value in (tensors | json.loads(header[_OURS])).items():
        _put(state, name, value)
    return state


def load_metadata(path: str | PathLike[str]) -> dict[str, str]:
    """The texts that `save` was given as `metadata`. Raises what `load` raises."""
    header, _ = _read(path)
    header.pop(_OURS, None)
    return header


def write_atomically(path: str | PathLike[str], data: bytes) -> None:
    """Put `data` into the file at `path`: all of it, or the file stays as it was."""
    path = Path(path)
    # In the same folder, since os.replace is atomic within one file system only.
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    try:
        with open(temporary, "xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def _flatten(state_dict: dict[Any, Any]) -> Iterator[tuple[str, Any]]:
    """Every value by its path."""
    pending: list[tuple[tuple[str, ...], Any]] = [((), state_dict)]
    while pending:
        path, value = pending.pop()
        if isinstance(value, dict) and (value or not path):
            pending += [((*path, _segment(key)), v) for key, v in reversed(value.items())]
        else:
            yield "/".join(path), value


def _segment(key: Any) -> str:
    if isinstance(key, int) and not isinstance(key, bool):
        return f"[{key}]"
    if not isinstance(key, str):
        raise TypeError(f"save: key {key!r} is neither a string nor an integer")
    if "/" in key or _INTEGER_KEY.fullmatch(key) or key in ("", "__metadata__"):
        raise ValueError(f"save: key {key!r} can't be part of a path; rename it")
    return key


def _json_checked(name: str, value: Any) -> Any:
    try:
        json.dumps(value)
    except TypeError as error:
        raise TypeError(
            f"save: {name} is a {type(value).__name__}; expected a Tensor, a dictionary, or what "
            "JSON can hold; write arrays as mg.asarray(array), and lists of Tensors as a dictionary"
        ) from error
    return value


def _put(state: dict[Any, Any], name: str, value: Any) -> None:
    *path, last = (
        int(match[1]) if (match := _INTEGER_KEY.fullmatch(segment)) else segment
        for segment in name.split("/")
    )
    for key in path:
        state = state.setdefault(key, {})
    state[last] = value


def _read(path: str | PathLike[str]) -> tuple[dict[str, str], dict[str, Any]]:
    """The header's texts, and NumPy's arrays by name."""
    from safetensors import SafetensorError
    from safetensors.numpy import load as deserialise

    data = Path(path).read_bytes()
    try:
        arrays = deserialise(data)
    except SafetensorError as error:
        raise ValueError(
            f"load: {path} is no safetensors file, or a truncated one: {error}"
        ) from error
    except KeyError as error:
        raise ValueError(f"load: {path} holds data of type {error}, which NumPy lacks") from error
    # The file begins with the length of its header, then the header as JSON; safetensors has
    # checked both, but hands the texts out for files only, not for bytes.
    header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
    return dict(header.get("__metadata__") or {}), arrays
