"""Mistakes in losses, layers and optimisers: shares, modes, corrections of bias, decay."""

from __future__ import annotations

from functools import partial

from ..mutant import Mutant, seeded

__all__ = ["nets"]

wrong = partial(seeded, "nets")

nets: tuple[Mutant, ...] = (
    *wrong(
        "minigrad.nn.functional.loss",
        (
            "the derivative of the squared error lacks the factor 2",
            "share = 2 / max(1, math.prod(x.shape))",
            "share = 1 / max(1, math.prod(x.shape))",
        ),
        (
            "the target of a squared error receives the gradient of the input",
            "-squared_error_vjp(xp, g, y, x, target, reduction=reduction)",
            "squared_error_vjp(xp, g, y, x, target, reduction=reduction)",
        ),
    ),
    *wrong(
        "minigrad.nn.functional.class_loss",
        (
            "label smoothing adds to the loss instead of taking its share",
            "return (1 - label_smoothing) * own + (",
            "return own + (",
        ),
        (
            "ignored labels count in the mean",
            "xp.sum(asked(xp, each, target, axis, ignore_index, 0.0))",
            "xp.sum(asked(xp, each, xp.where(target == ignore_index, 0, target), axis, -1, 0.0))",
        ),
        (
            "the derivative of cross entropy lacks the softmax",
            "* xp.exp(log_p) - q",
            "* 0.0 - q",
        ),
    ),
    *wrong(
        "minigrad.nn.functional.dropout",
        ("dropout does not rescale what it keeps", "kept * (1 / (1 - p))", "kept"),
        (
            "dropout takes the probability to drop for that to keep",
            "random.bernoulli(input.shape, 1 - p,",
            "random.bernoulli(input.shape, p,",
        ),
        ("dropout drops in evaluation", "if not training or p == 0:", "if p == 0:"),
    ),
    *wrong(
        "minigrad.nn.functional.normalization",
        (
            "layer norm forgets that the variance depends on its input",
            "g - along_one - x_hat * along_x_hat",
            "g - along_one",
        ),
        (
            "layer norm forgets that the mean depends on its input",
            "g - along_one - x_hat * along_x_hat",
            "g - x_hat * along_x_hat",
        ),
    ),
    *wrong(
        "minigrad.nn.functional.pooling",
        (
            "of equal elements in a window, the last wins",
            "better = (candidate > y)",
            "better = (candidate >= y)",
        ),
    ),
    *wrong(
        "minigrad.nn.utils",
        (
            "each gradient is clipped by the root of the wrong power",
            "for m in magnitudes])) ** (1 / norm_type)",
            "for m in magnitudes]))",
        ),
    ),
    *wrong(
        "minigrad.optim.adam",
        (
            "Adam does not correct the bias of the mean",
            "p - lr * scale / (1 - beta1**step) * direction",
            "p - lr * scale * direction",
        ),
        (
            "Adam does not correct the bias of the square",
            "scale = (1 - beta2**step) ** 0.5",
            "scale = 1.0",
        ),
        (
            "Adam has its eps under the root",
            "(xp.sqrt(bound) + scale * eps)",
            "xp.sqrt(bound + scale**2 * eps)",
        ),
        (
            "AdamW decays through the gradient, as Adam does",
            "if weight_decay and decoupled:",
            "if False:",
        ),
        (
            "AMSGrad forgets the largest square",
            "v if largest is None else xp.maximum(largest, v)",
            "v",
        ),
    ),
    *wrong(
        "minigrad.optim.sgd",
        ("SGD decays away from 0", "g + weight_decay * p", "g - weight_decay * p"),
        ("Nesterov's step forgets the gradient", "g + momentum * v if", "momentum * v if"),
        (
            "the first gradient is dampened, too",
            "v = g if v is None else",
            "v = (1 - dampening) * g if v is None else",
        ),
    ),
    *wrong(
        "minigrad.optim.rmsprop",
        ("RMSprop has its eps under the root", "(xp.sqrt(var) + eps)", "xp.sqrt(var + eps)"),
    ),
    *wrong(
        "minigrad.optim.optimizer",
        (
            "zero_grad keeps the gradients that it should forget",
            "None if set_to_none or p.grad is None",
            "p.grad if set_to_none or p.grad is None",
        ),
    ),
)
