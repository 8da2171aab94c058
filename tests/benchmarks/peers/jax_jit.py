"""JAX: the whole step one function, compiled by `jax.jit`."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from minigrad.bench import BatchNormProblem, Candidate, CNNProblem, MLPProblem, cnn, mlp

__all__ = ["NAME", "batch_norm", "cnn_step", "convolution", "mlp_step"]

NAME = "JAX jit"


def normalised(x: Any, weight: Any, bias: Any) -> tuple[Any, Any]:
    """Normalised by the batch, and the batch's mean and unbiased variance."""
    axes = (0, *range(2, x.ndim))
    shape = (1, -1, *(1,) * (x.ndim - 2))
    mean = x.mean(axes, keepdims=True)
    var = ((x - mean) ** 2).mean(axes, keepdims=True)
    y = (x - mean) * lax.rsqrt(var + 1e-5) * weight.reshape(shape) + bias.reshape(shape)
    m = x.size // x.shape[1]
    return y, (mean.reshape(-1), m / (m - 1) * var.reshape(-1))


def remembered(running: Any, batch: Any) -> Any:
    return jax.tree.map(lambda old, new: 0.9 * old + 0.1 * new, running, batch)


def batch_norm(problem: BatchNormProblem) -> Candidate:
    """Output, gradients and running statistics of one compiled call."""
    x, g, weight, bias = map(jnp.asarray, problem)
    running = (jnp.zeros_like(weight), jnp.ones_like(weight))

    @jax.jit
    def both(x: Any, weight: Any, bias: Any, g: Any, running: Any) -> Any:
        y, pullback, batch = jax.vjp(normalised, x, weight, bias, has_aux=True)
        return (y, *pullback(g)), remembered(running, batch)

    def call() -> Any:
        nonlocal running
        values, running = both(x, weight, bias, g, running)
        return jax.block_until_ready(values)

    return call


def mlp_step() -> Candidate:
    """The parameters go in and come out."""
    weights, biases, x, t = jax.tree.map(jnp.asarray, tuple(MLPProblem.drawn()))

    def loss_of(parameters: Any, x: Any, t: Any) -> Any:
        (w0, w1, w2), (b0, b1, b2) = parameters
        h = jnp.tanh(x @ w0 + b0)
        h = jnp.tanh(h @ w1 + b1)
        return jnp.mean((h @ w2 + b2 - t) ** 2)

    @jax.jit
    def update(parameters: Any, x: Any, t: Any) -> Any:
        loss, gradients = jax.value_and_grad(loss_of)(parameters, x, t)
        return loss, jax.tree.map(lambda p, g: p - mlp.RATE * g, parameters, gradients)

    parameters = (weights, biases)

    def step() -> float:
        nonlocal parameters
        loss, parameters = update(parameters, x, t)
        return float(loss)

    return step


def convolved(x: Any, weight: Any) -> Any:
    return lax.conv_general_dilated(x, weight, (1, 1), ((1, 1), (1, 1)))


def convolution(x: Any, weight: Any, g: Any) -> Candidate:
    """Output and both gradients of one compiled call."""
    x, weight, g = map(jnp.asarray, (x, weight, g))

    @jax.jit
    def both(x: Any, weight: Any, g: Any) -> Any:
        y, pullback = jax.vjp(convolved, x, weight)
        return y, *pullback(g)

    return lambda: jax.block_until_ready(both(x, weight, g))


def pooled(x: Any) -> Any:
    return lax.reduce_window(x, -jnp.inf, lax.max, (1, 1, 2, 2), (1, 1, 2, 2), "VALID")


def cnn_loss(parameters: dict[str, Any], x: Any, t: Any) -> tuple[Any, Any]:
    p, batches = parameters, []
    for convolution, norm in (("0", "1"), ("4", "5")):
        x = convolved(x, p[f"{convolution}.weight"])
        x, batch = normalised(x, p[f"{norm}.weight"], p[f"{norm}.bias"])
        batches.append(batch)
        x = pooled(jax.nn.relu(x))
    scores = x.reshape(len(x), -1) @ p["9.weight"].T + p["9.bias"]
    chosen = jnp.take_along_axis(jax.nn.log_softmax(scores), t[:, None], 1)
    return -chosen.mean(), batches


def cnn_step(problem: CNNProblem) -> Candidate:
    """Parameters, running statistics and Adam's moments go in and come out."""
    parameters, x, t = jax.tree.map(jnp.asarray, tuple(problem))
    zeros = jax.tree.map(jnp.zeros_like, parameters)
    channels = [len(parameters[name]) for name in ("1.weight", "5.weight")]
    running = [(jnp.zeros(n), jnp.ones(n)) for n in channels]
    state = (parameters, zeros, zeros, running, jnp.asarray(0.0))

    @jax.jit
    def update(state: Any, x: Any, t: Any) -> Any:
        parameters, first, second, running, i = state
        (loss, batches), gradients = jax.value_and_grad(cnn_loss, has_aux=True)(parameters, x, t)
        i = i + 1
        first = jax.tree.map(lambda v, g: 0.9 * v + 0.1 * g, first, gradients)
        second = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, second, gradients)
        scale = cnn.RATE / (1 - 0.9**i)
        correction = jnp.sqrt(1 - 0.999**i)
        parameters = jax.tree.map(
            lambda p, v, s: p - scale * v / (jnp.sqrt(s) / correction + 1e-8),
            parameters,
            first,
            second,
        )
        return loss, (parameters, first, second, remembered(running, batches), i)

    def step() -> float:
        nonlocal state
        loss, state = update(state, x, t)
        return float(loss)

    return step
