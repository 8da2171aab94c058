"""Fused kernels: sooner than what they stand for, and never its definition.

A function of arrays is defined once, over `xp`. For the raw arrays of one backend a *kernel* may
stand in: the same function, in one pass over memory, in compiled code. Which one runs is decided
here and nowhere else: by backend, dtype and size, by what is allowed (see `allowed`), and by the
kernel itself, which returns NotImplemented for what it does not take. If none takes it, the
definition does.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from .allowed import allowed

__all__ = ["ArrayFunction", "Kernel", "all_array_functions"]


class Kernel:
    """One fused form of a function of arrays.

    `function` is a callable, or `"package.module:function"`, imported when it is first needed.
    `written_in` names the library that it needs. It is asked if the first array that it is to be
    called with has one of `dtypes` (by name) and at least `least` elements.
    """

    def __init__(
        self,
        function: Callable[..., Any] | str,
        written_in: str,
        dtypes: Sequence[str],
        least: int,
    ) -> None:
        self.function = function
        self.written_in = written_in
        self.names = tuple(dtypes)
        self.least = least
        self.dtypes: frozenset[Any] = frozenset()

    def call(self, xp: Any, arrays: Sequence[Any], params: dict[str, Any]) -> Any:
        """What the kernel returns; NotImplemented, too, if its library can't be used."""
        if self.written_in in unusable:
            return NotImplemented
        function = self.function
        if isinstance(function, str):
            module, _, name = function.partition(":")
            try:
                function = self.function = getattr(import_module(module), name)
            except Exception as error:
                if self.written_in == xp.__name__:
                    raise
                return self.give_up(error)
        try:
            return xp.run_kernel(function, arrays, params)
        except Exception as error:
            of_the_library = type(error).__module__.partition(".")[0] == self.written_in
            if self.written_in == xp.__name__ or not of_the_library:
                raise
            return self.give_up(error)

    def found(self, xp: Any) -> frozenset[Any]:
        """The kernel's dtypes as those of the backend, looked up when they are first needed."""
        raw = [getattr(xp, name) for name in self.names if hasattr(xp, name)]
        self.dtypes = frozenset(xp.zeros((), dtype=dtype).dtype for dtype in raw)
        return self.dtypes

    def give_up(self, error: Exception) -> Any:
        """Say once that the library of this kernel can't be used."""
        reason = str(error).strip().partition("\n")[0] or type(error).__name__
        if unusable.setdefault(self.written_in, reason) is reason:
            warnings.warn(
                f"kernels written in {self.written_in} can't be used: {reason}; what they stand "
                "for runs without. pip install 'minigrad[fast]' brings numba; "
                "MINIGRAD_KERNELS=numpy keeps to NumPy's, without this warning",
                RuntimeWarning,
                stacklevel=4,
            )
        return NotImplemented

    @property
    def state(self) -> str:
        """Whether it may run here and now; if not, why."""
        if not allowed().allows(self.written_in):
            return "switched off"
        if self.written_in in unusable:
            return f"can't be used: {unusable[self.written_in]}"
        if isinstance(self.function, str) and find_spec(self.written_in) is None:
            return f"{self.written_in} is not installed"
        return "in force"


unusable: dict[str, str] = {}
"""The libraries whose kernels failed to load or compile, and why."""


class ArrayFunction:
    """A function of arrays over `xp`, and the kernels that may stand in for it.

    Called as its definition is: `f(xp, *arrays, **params)`.
    """

    def __init__(self, name: str, definition: Callable[..., Any]) -> None:
        self.name = name
        self.definition = definition
        self.kernels: dict[str, list[Kernel]] = {}
        all_array_functions.append(self)

    def __call__(self, xp: Any, /, *arrays: Any, **params: Any) -> Any:
        """What the definition returns, by whatever is the fastest way to it here."""
        kernels = self.kernels.get(xp.__name__)
        if kernels and arrays:
            x, now = arrays[0], allowed()
            size, dtype, least = x.size, x.dtype, now.least
            for kernel in kernels:
                if (
                    size >= (kernel.least if least is None else least)
                    and dtype in (kernel.dtypes or kernel.found(xp))
                    and (now.everything or now.allows(kernel.written_in))
                ):
                    y = kernel.call(xp, arrays, params)
                    if y is not NotImplemented:
                        if now.ran is not None:
                            now.ran[self.name] += 1
                        return y
        return self.definition(xp, *arrays, **params)

    def over(self, xp: Any) -> Callable[..., Any]:
        """This function over one namespace."""
        return partial(self.__call__, xp)

    def register(
        self,
        backend: str,
        function: Callable[..., Any] | str,
        *,
        library: str | None = None,
        dtypes: Sequence[str] = ("float32", "float64"),
        least: int = 0,
    ) -> None:
        """Let `function` stand in on arrays of `backend`; it is asked before those already there.

        See `minigrad.extend.kernel`.
        """
        kernel = Kernel(function, library or backend, dtypes, least)
        self.kernels[backend] = [kernel, *self.kernels.get(backend, ())]

    def __repr__(self) -> str:
        return f"<array function {self.name!r}>"


all_array_functions: list[ArrayFunction] = []
