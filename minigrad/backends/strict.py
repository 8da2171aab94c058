"""array-api-strict: NumPy behind glass, which refuses whatever the standard does not promise.

A rule that runs here runs on CuPy and on any other library, devices included, without a GPU.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .backend import Backend

__all__ = ["load"]


class StrictBackend(Backend):
    def to_numpy(self, array: Any) -> np.ndarray[Any, Any]:
        host = self.default_device().raw
        return np.asarray(array if array.device == host else array.to_device(host))

    def device_label(self, raw: Any) -> str:
        return super().device_label(raw).partition("'")[2].rstrip("')")


def load() -> Backend:
    """The backend, its library imported."""
    import array_api_strict

    return StrictBackend("strict", array_api_strict)
