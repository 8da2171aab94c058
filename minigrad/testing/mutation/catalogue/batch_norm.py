"""Mistakes in batch norm: its derivatives, its constants, its memory, its masks.

The modules are those of `minigrad_bn`, and named only: nothing here imports them.
"""

from __future__ import annotations

from functools import partial

from ..mutant import Mutant, seeded

__all__ = ["batch_norm"]

wrong = partial(seeded, "batch norm")

batch_norm: tuple[Mutant, ...] = (
    *wrong(
        "minigrad_bn.projection",
        (
            "the variance is treated as a constant",
            "- x_hat * spread(xp, along_x_hat, a, axes, w)",
            "",
        ),
        (
            "the mean is treated as a constant",
            "a - spread(xp, along_one, a, axes, w) - x_hat",
            "a - x_hat",
        ),
        ("eps stands outside the root", "1 / xp.sqrt(var + eps)", "1 / (xp.sqrt(var) + eps)"),
        ("eps is forgotten", "1 / xp.sqrt(var + eps)", "1 / xp.sqrt(var)"),
    ),
    *wrong(
        "minigrad_bn.training",
        (
            "the gradient of x lacks gamma",
            "projected * narrow(xp, scale_of(xp, weight, inv_std, axes), g)",
            "projected * narrow(xp, inv_std, g)",
        ),
        (
            "the gradient of gamma is summed over x - mean, not over x_hat",
            "as_vector(xp, sum_g_x_hat, weight)",
            "as_vector(xp, sum_g_centred, weight)",
        ),
        (
            "the gradient of beta is a mean instead of a sum",
            "as_vector(xp, sum_g, bias)",
            "as_vector(xp, xp.mean(g, axis=axes), bias)",
        ),
        (
            "the batch is normalised by the unbiased variance",
            "inv_std = inverse_std(xp, var, eps, axes, w)",
            "m = max(2, x.size // max(1, var.size))\n"
            "    inv_std = inverse_std(xp, var * (m / (m - 1)), eps, axes, w)",
        ),
        (
            "the mask is forgotten in the statistics",
            "w = weights(xp, mask, wide)",
            "w = None",
        ),
        (
            "what the mask leaves out passes its gradient on",
            "g = kept(xp, widen(xp, g), mask)",
            "g = widen(xp, g)",
        ),
    ),
    *wrong(
        "minigrad_bn.second_order",
        (
            "at second order, the standard deviation is a constant",
            "by_x = x_hat * spread(xp, s, x_hat, axes, w) + mixed",
            "by_x = mixed",
        ),
        (
            "at second order, x_hat is a constant",
            "by_x = x_hat * spread(xp, s, x_hat, axes, w) + mixed",
            "by_x = x_hat * spread(xp, s, x_hat, axes, w)",
        ),
        (
            "at second order, the gradient of gamma does not reach x",
            "projected * narrow(xp, u * inv_std, g)",
            "xp.zeros_like(projected)",
        ),
    ),
    *wrong(
        "minigrad_bn.statistics",
        ("the mask is forgotten in the count", "if w is None:", "if True:"),
    ),
    *wrong(
        "minigrad_bn.running",
        ("the running variance is the biased one", "if settings.bessel else", "if False else"),
        ("Bessel's factor is upside down", "n / (n - 1) if", "(n - 1) / n if"),
        (
            "momentum is the weight of the old statistics",
            "(1 - share) * old + (share * factor) * batch",
            "(share * factor) * old + (1 - share) * batch",
        ),
        (
            "the plain average weighs a batch as if there were one more",
            "share = 1 / xp.astype(batches.data, xp.float64)",
            "share = 1 / (xp.astype(batches.data, xp.float64) + 1)",
        ),
        ("batches are not counted", "batches.data + 1", "batches.data + 0"),
        (
            "a single value moves the statistics",
            "[n > 1 for n in counts]",
            "[n > 0 for n in counts]",
        ),
        (
            "statistics are written before they are known to be finite",
            "refuse_nonfinite(healthy, mean)",
            "remember(running, Running(*[Tensor(a, device) for a in new], batches))\n"
            "            refuse_nonfinite(healthy, mean)",
        ),
        (
            "running statistics change in place, under a graph that holds them",
            "tensor.data = value.data",
            "tensor.data[...] = value.data",
        ),
    ),
    *wrong(
        "minigrad_bn.core",
        (
            "channels are taken from axis 1, whatever channel_axis says",
            "if a != axis])",
            "if a != 1])",
        ),
        (
            "running statistics carry a history",
            "    return y, moved(running, batch_mean, batch_var, counts, settings)",
            "    return y, Running(*[None if s is None else s + 0 * mg.sum(y) for s in"
            " moved(running, batch_mean, batch_var, counts, settings)])",
        ),
    ),
    *wrong(
        "minigrad_bn.freezing",
        (
            "evaluation uses the statistics of the batch",
            "return trains or not self.track_running_stats or id(self) in by_batch.get()",
            "return True",
        ),
        (
            "training uses the running statistics",
            "return trains or not self.track_running_stats or id(self) in by_batch.get()",
            "return not self.track_running_stats or id(self) in by_batch.get()",
        ),
        (
            "frozen layers still use and move their statistics",
            "layer.stats_frozen = layer.track_running_stats",
            "pass",
        ),
    ),
    *wrong(
        "minigrad_bn.evaluation",
        (
            "in evaluation, the mean is treated as that of the batch",
            "return g * narrow(xp, over(xp, scale, x.shape, axes), g)",
            "g = g - xp.mean(g, axis=axes, keepdims=True)\n"
            "    return g * narrow(xp, over(xp, scale, x.shape, axes), g)",
        ),
        (
            "in evaluation, eps stands outside the root",
            "1 / mg.sqrt(mg.astype(var, mg.float64) + eps)",
            "1 / (mg.sqrt(mg.astype(var, mg.float64)) + eps)",
        ),
    ),
)
