"""Which array library is this array from? The registry of backends, loaded on first use.

A backend is known by name. Three come with minigrad; a package adds its own by `register` or by an
entry point of the group `minigrad.backends`; and an array of any other library that has
`__array_namespace__` is recognised when it arrives.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from importlib import import_module
from typing import Any, NamedTuple

from . import device as _device
from .allowed import use_kernels
from .backend import Backend
from .device import Device, default_device

__all__ = [
    "Backend",
    "Device",
    "Status",
    "available",
    "backend_of",
    "device",
    "get",
    "register",
    "set_default_device",
    "status",
    "use_kernels",
]


class Entry(NamedTuple):
    """How to load one backend, and what to say where that fails."""

    load: Callable[[], Backend] | str
    module: str
    device_prefix: str
    install: str


class Status(NamedTuple):
    """Whether a backend can be used on this machine; if not, why, and what to install."""

    name: str
    usable: bool
    devices: tuple[str, ...]
    reason: str
    install: str


_entries: dict[str, Entry] = {}
_loaded: dict[str, Backend] = {}
_by_type: dict[type, Backend] = {}
_claimed: dict[type, Backend] = {}


def claim(kind: type, backend: Backend) -> None:
    """Let arrays of type `kind` belong to a backend that has no name of its own to be found by."""
    _claimed[kind] = backend


def register(
    name: str,
    load: Callable[[], Backend] | str,
    *,
    module: str | None = None,
    device_prefix: str | None = None,
    install: str | None = None,
) -> None:
    """Make a backend known by `name`.

    `load` returns the `Backend`, or names the function that does as `"package.module:function"`;
    it runs on first use. `module` is the top-level package its arrays come from, `device_prefix`
    the first part of its device names (both default to `name`); `install` tells a user whose
    machine lacks it what to do. A second registration replaces the first.
    """
    _entries[name] = Entry(
        load, module or name, device_prefix or name, install or f"pip install {module or name}"
    )
    _loaded.pop(name, None)
    _by_type.clear()


def get(name: str) -> Backend:
    """The backend called `name`.

    Raises ValueError for an unknown name, RuntimeError for a backend that this machine can't use.
    """
    if name not in _loaded:
        if name not in _entries:
            _read_entry_points()
        if name not in _entries:
            raise ValueError(f"unknown backend {name!r}; known are {sorted(_entries)}")
        entry = _entries[name]
        try:
            _loaded[name] = _load(entry)
        except Exception as error:
            raise RuntimeError(
                f"backend {name!r} can't be used: {_first_line(error)}; try `{entry.install}`"
            ) from error
    return _loaded[name]


def available() -> list[str]:
    """The names of the backends that work on this machine."""
    return [s.name for s in status() if s.usable]


def status() -> list[Status]:
    """Every known backend: usable or not, its devices, and where not, why and what to install."""
    _read_entry_points()
    result = []
    for name, entry in _entries.items():
        try:
            devices = tuple(d.name for d in get(name).devices())
            result.append(Status(name, True, devices, "", entry.install))
        except Exception as error:
            reason = _first_line(error.__cause__ or error)
            result.append(Status(name, False, (), reason, entry.install))
    return result


def backend_of(array: Any) -> Backend | None:
    """The backend whose array type `array` has; None if it is no array."""
    kind = type(array)
    if kind not in _by_type:
        found = _claimed.get(kind) or _recognise(kind, array)
        if found is None:
            return None
        _by_type[kind] = found
    return _by_type[kind]


def device(name: str | Device) -> Device:
    """The device called `name`: `"cpu"`, `"cuda"`, `"cuda:1"`, `"strict:device1"`.

    In a `with` statement it becomes the default of new Tensors. Raises ValueError for an unknown
    name, TypeError for what is none, RuntimeError for a backend that this machine can't use.
    """
    if isinstance(name, Device):
        return name
    if not isinstance(name, str):
        raise TypeError(f"device: expected the name of a device, got {name!r}")
    prefix, _, label = name.partition(":")
    # What other packages registered is looked up only for a prefix that is not known here.
    for known in (lambda: _entries, _read_entry_points):
        for backend, entry in known().items():
            if entry.device_prefix == prefix:
                return get(backend).device(label)
    prefixes = [entry.device_prefix for entry in _entries.values()]
    raise ValueError(f"unknown device {name!r}; names begin with one of {prefixes}")


def set_default_device(name: str | Device | None) -> None:
    """Make `name` the place of new Tensors in this thread or task; None goes back to NumPy."""
    _device.set_default_device(None if name is None else device(name))


def current_device() -> Device:
    """Where new Tensors go: `with mg.device`, `set_default_device`, MINIGRAD_DEVICE, or NumPy."""
    chosen = default_device()
    if chosen is None:
        chosen = device(os.environ.get("MINIGRAD_DEVICE") or "cpu")
    return chosen


def _load(entry: Entry) -> Backend:
    if isinstance(entry.load, str):
        module, _, function = entry.load.partition(":")
        return getattr(import_module(module), function)()
    return entry.load()


def _recognise(kind: type, array: Any) -> Backend | None:
    modules = [base.__module__.partition(".")[0] for base in kind.__mro__]
    known = [name for name, entry in _entries.items() if entry.module in modules]
    for name in known:
        if issubclass(kind, get(name).array_type):
            return get(name)
    # What a known library has besides its arrays, NumPy's scalars for one, is no array.
    if not known and hasattr(kind, "__array_namespace__") and "minigrad" not in modules:
        return _adopt(kind, array)
    return None


def _adopt(kind: type, array: Any) -> Backend:
    """Register the library of an array type that nobody registered."""
    module = kind.__module__.partition(".")[0]
    namespace = array.__array_namespace__()
    register(module, lambda: Backend(module, namespace))
    return get(module)


def _read_entry_points() -> dict[str, Entry]:
    from importlib.metadata import entry_points

    for point in entry_points(group="minigrad.backends"):
        if point.name not in _entries:
            register(point.name, point.load(), module=point.module.partition(".")[0])
    return _entries


def _first_line(error: BaseException) -> str:
    return str(error).strip().partition("\n")[0] or type(error).__name__


register("numpy", "minigrad.backends.numpy:load", device_prefix="cpu")
register(
    "cupy",
    "minigrad.backends.cupy:load",
    device_prefix="cuda",
    install="pip install 'minigrad[cuda12]'  (or cuda13)",
)
register(
    "strict",
    "minigrad.backends.strict:load",
    module="array_api_strict",
    install="pip install array-api-strict",
)
