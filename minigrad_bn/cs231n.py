"""Batch norm by the textbook, as in the course Stanford CS231n: functions and a dictionary.

    batchnorm_forward, batchnorm_backward        of (N, D), step by step through `circuit`
    batchnorm_backward_alt                       the same gradients by one short formula
    spatial_batchnorm_forward, ..._backward      of images (N, C, H, W)

The names and the conventions are the course's. Here `momentum` is the weight of the *old* value,

    running = momentum * running + (1 - momentum) * sample

and the running variance is the biased one; `BatchNorm1d` has both the other way round. Arrays of
any backend are taken, or Tensors.
"""

from __future__ import annotations

from typing import Any

from . import circuit
from .cs231n_inputs import check_backward, check_images, check_shapes, constant, namespace_of

__all__ = [
    "batchnorm_backward",
    "batchnorm_backward_alt",
    "batchnorm_forward",
    "spatial_batchnorm_backward",
    "spatial_batchnorm_forward",
]


def batchnorm_forward(x: Any, gamma: Any, beta: Any, bn_param: dict[str, Any]) -> tuple[Any, Any]:
    """The columns of `x` (N, D), normalised, times `gamma` (D,), plus `beta` (D,).

    `bn_param` holds `mode` ("train" or "test"); and may hold `eps` (1e-5), `momentum` (0.9), and
    `running_mean` and `running_var` (D,), zeros where missing. In train mode the mean and the
    biased variance of the batch are used, and new running statistics are put into `bn_param`; in
    test mode the running ones are used. No array is written to.

    Returns `(out, cache)`; the cache is for `batchnorm_backward`, and None in test mode. Raises
    ValueError for another mode and for shapes that don't fit, TypeError for what is no array.
    """
    xp = namespace_of(x)
    n_features = check_shapes(x, gamma, beta)
    mode = bn_param.get("mode")
    eps = float(bn_param.get("eps", 1e-5))
    momentum = float(bn_param.get("momentum", 0.9))
    zeros = xp.zeros((n_features,), dtype=x.dtype, device=x.device)
    running_mean = bn_param.get("running_mean", zeros)
    running_var = bn_param.get("running_var", zeros)

    if mode == "train":
        mean = circuit.mean_forward(xp, x)
        centred = circuit.centre_forward(xp, x, mean)
        squared = circuit.square_forward(xp, centred)
        var = circuit.mean_forward(xp, squared)
        std = circuit.std_forward(xp, var, eps)
        inv_std = circuit.invert_forward(xp, std)
        x_hat = circuit.normalise_forward(xp, centred, inv_std)
        scaled = circuit.scale_forward(xp, x_hat, gamma)
        out = circuit.shift_forward(xp, scaled, beta)
        running_mean = momentum * running_mean + (1 - momentum) * constant(mean)
        running_var = momentum * running_var + (1 - momentum) * constant(var)
        cache = (x_hat, x, var, mean, eps, gamma, beta)
    elif mode == "test":
        x_hat = (x - running_mean) / xp.sqrt(running_var + eps)
        out = gamma * x_hat + beta
        cache = None
    else:
        raise ValueError(
            f"batchnorm_forward: bn_param['mode'] is {mode!r}, expected 'train' or 'test'"
        )
    bn_param["running_mean"], bn_param["running_var"] = running_mean, running_var
    return out, cache


def batchnorm_backward(dout: Any, cache: Any) -> tuple[Any, Any, Any]:
    """`(dx, dgamma, dbeta)` from `dout` (N, D) and the cache of `batchnorm_forward`.

    Walks the circuit backwards; what a node needs of its forward and the cache lacks is computed
    anew. Raises ValueError for the cache of a forward in test mode, which is None.
    """
    xp = check_backward("batchnorm_backward", dout, cache)
    x_hat, x, var, mean, eps, gamma, _ = cache
    centred = circuit.centre_forward(xp, x, mean)
    squared = circuit.square_forward(xp, centred)
    std = circuit.std_forward(xp, var, eps)
    inv_std = circuit.invert_forward(xp, std)

    dscaled, dbeta = circuit.shift_backward(xp, dout)
    dx_hat, dgamma = circuit.scale_backward(xp, dscaled, x_hat, gamma)
    dcentred_by_normalise, dinv_std = circuit.normalise_backward(xp, dx_hat, centred, inv_std)
    dstd = circuit.invert_backward(xp, dinv_std, inv_std)
    dvar = circuit.std_backward(xp, dstd, std)
    dsquared = circuit.mean_backward(xp, dvar, squared)
    dcentred_by_square = circuit.square_backward(xp, dsquared, centred)
    dcentred = dcentred_by_normalise + dcentred_by_square
    dx_by_centre, dmean = circuit.centre_backward(xp, dcentred)
    dx_by_mean = circuit.mean_backward(xp, dmean, x)
    return dx_by_centre + dx_by_mean, dgamma, dbeta


def batchnorm_backward_alt(dout: Any, cache: Any) -> tuple[Any, Any, Any]:
    """What `batchnorm_backward` returns, by the formula that the circuit simplifies to.

        dx = gamma / (N std) (N dout - sum(dout) - x_hat sum(dout x_hat))

    It takes the same arguments, and raises the same errors.
    """
    xp = check_backward("batchnorm_backward_alt", dout, cache)
    x_hat, x, var, _, eps, gamma, _ = cache
    n = x.shape[0]
    dbeta = xp.sum(dout, axis=0)
    dgamma = xp.sum(dout * x_hat, axis=0)
    dx = gamma / (n * xp.sqrt(var + eps)) * (n * dout - dbeta - x_hat * dgamma)
    return dx, dgamma, dbeta


def spatial_batchnorm_forward(
    x: Any, gamma: Any, beta: Any, bn_param: dict[str, Any]
) -> tuple[Any, Any]:
    """`batchnorm_forward` of images: every place of every image is a row, the channels the columns.

    `x` is (N, C, H, W), `gamma` and `beta` are (C,), as are the running statistics in `bn_param`.
    Returns `(out, cache)`; the cache is for `spatial_batchnorm_backward`. Raises ValueError for an
    `x` that is not (N, C, H, W), and what `batchnorm_forward` raises.
    """
    xp = namespace_of(x)
    check_images("spatial_batchnorm_forward", "x", x.shape)
    out, cache = batchnorm_forward(as_rows(xp, x), gamma, beta, bn_param)
    return as_images(xp, out, x.shape), cache


def spatial_batchnorm_backward(dout: Any, cache: Any) -> tuple[Any, Any, Any]:
    """`(dx, dgamma, dbeta)` from `dout` (N, C, H, W), cache from `spatial_batchnorm_forward`.

    Raises ValueError for a `dout` that is not (N, C, H, W), and what `batchnorm_backward` raises.
    """
    xp = namespace_of(dout)
    check_images("spatial_batchnorm_backward", "dout", dout.shape)
    dx, dgamma, dbeta = batchnorm_backward_alt(as_rows(xp, dout), cache)
    return as_images(xp, dx, dout.shape), dgamma, dbeta


def as_rows(xp: Any, images: Any) -> Any:
    """(N, C, H, W) to (N H W, C)."""
    return xp.reshape(xp.permute_dims(images, (0, 2, 3, 1)), (-1, images.shape[1]))


def as_images(xp: Any, rows: Any, shape: tuple[int, ...]) -> Any:
    """(N H W, C) back to (N, C, H, W)."""
    n, c, h, w = shape
    return xp.permute_dims(xp.reshape(rows, (n, h, w, c)), (0, 3, 1, 2))
