"""The course's batch norm as it is commonly handed in, on NumPy: the oracle of `cs231n`.

And what it takes to hand the same arrays and dictionary to both.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import minigrad as mg

from .cases import Case

__all__ = ["as_numpy", "batchnorm_backward", "batchnorm_forward", "parameters", "raw"]


def batchnorm_forward(x, gamma, beta, bn_param):
    mode = bn_param["mode"]
    eps = bn_param.get("eps", 1e-5)
    momentum = bn_param.get("momentum", 0.9)
    _, d = x.shape
    running_mean = bn_param.get("running_mean", np.zeros(d, dtype=x.dtype))
    running_var = bn_param.get("running_var", np.zeros(d, dtype=x.dtype))
    if mode == "train":
        sample_mean = np.mean(x, axis=0)
        sample_var = np.var(x, axis=0)
        out_ = (x - sample_mean) / np.sqrt(sample_var + eps)
        running_mean = momentum * running_mean + (1 - momentum) * sample_mean
        running_var = momentum * running_var + (1 - momentum) * sample_var
        out = gamma * out_ + beta
        cache = (out_, x, sample_var, sample_mean, eps, gamma, beta)
    else:
        x_hat = (x - running_mean) / (np.sqrt(running_var + eps))
        out, cache = gamma * x_hat + beta, None
    bn_param["running_mean"] = running_mean
    bn_param["running_var"] = running_var
    return out, cache


def batchnorm_backward(dout, cache):
    out_, x, sample_var, sample_mean, eps, gamma, _ = cache
    n = x.shape[0]
    dout_ = gamma * dout
    dvar = np.sum(dout_ * (x - sample_mean) * -0.5 * (sample_var + eps) ** -1.5, axis=0)
    dx_ = 1 / np.sqrt(sample_var + eps)
    dvar_ = 2 * (x - sample_mean) / n
    di = dout_ * dx_ + dvar * dvar_
    dmean = -1 * np.sum(di, axis=0)
    dx = di + dmean * (np.ones_like(x) / n)
    return dx, np.sum(dout * out_, axis=0), np.sum(dout, axis=0)


def raw(a: Any, device: Any) -> Any:
    """An array of the device's library: no Tensor."""
    return mg.asarray(a, device=device).data


def as_numpy(device: Any, *arrays: Any) -> list[np.ndarray]:
    return [device.backend.to_numpy(a) for a in arrays]


def parameters(
    case: Case, mode: str, convert: Callable[[Any], Any] = lambda a: a
) -> dict[str, Any]:
    """The dictionary of a case. Its momentum weighs the new value, the course's the old one."""
    return {
        "mode": mode,
        "eps": case.eps,
        "momentum": 1 - case.momentum,
        "running_mean": convert(case.running_mean),
        "running_var": convert(case.running_var),
    }
