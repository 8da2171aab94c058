"""What a batch norm is told once: its constants, and how its running statistics follow the batches.

One weight says how far a batch moves a running statistic, and there are two words for it:

    running = (1 - momentum) running + momentum batch      PyTorch: momentum weighs the new
    running = decay running + (1 - decay) batch            Keras, flax: they call *this* momentum

Here `momentum` is PyTorch's and `decay` is 1 - momentum, whoever speaks.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from decimal import Decimal
from operator import index
from typing import Any, Literal

__all__ = ["DEFAULT_MOMENTUM", "NonFinite", "OnSingle", "Settings", "complement", "one_momentum"]

OnSingle = Literal["raise", "skip_update"]
NonFinite = Literal["propagate", "raise", "skip"]

# An object of its own: whoever gives a decay and a momentum, be it 0.1 as well, is told.
DEFAULT_MOMENTUM = float("0.1")


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The constants of a batch norm. The defaults are PyTorch's; a dialect has others.

    `eps` is added to the variance, under the root. `momentum` is the weight of the new batch in the
    running statistics; None means the plain average of all batches. With `bessel` the running
    variance is the unbiased one, over m - 1, else the biased one, over m, by which a batch is
    normalised in either case. `initial_var` is the running variance before any batch.

    `on_single` says what happens to a batch with one value a channel, which has no variance: it
    raises, or its output is the bias and it moves nothing (skip_update). `nonfinite` says what a
    batch does to the running statistics of a channel that would not be finite afterwards: it goes
    into them, raises, or leaves them alone (skip). `channel_axis` is the axis of the channels.

    Raises ValueError for a number out of range and an option that does not exist.
    """

    eps: float = 1e-5
    momentum: float | None = DEFAULT_MOMENTUM
    bessel: bool = True
    initial_var: float = 1.0
    on_single: OnSingle = "raise"
    nonfinite: NonFinite = "propagate"
    channel_axis: int = 1

    def __post_init__(self) -> None:
        eps = float(self.eps)
        if not 0 <= eps < float("inf"):
            raise ValueError(f"batch_norm: eps must be finite and at least 0, got {eps}")
        object.__setattr__(self, "eps", eps)
        if self.momentum is not None:
            weight = check_weight("momentum, the weight of the new batch,", self.momentum)
            object.__setattr__(self, "momentum", weight)
        object.__setattr__(self, "channel_axis", index(self.channel_axis))
        check_option("on_single", self.on_single, ("raise", "skip_update"))
        check_option("nonfinite", self.nonfinite, ("propagate", "raise", "skip"))

    @property
    def decay(self) -> float | None:
        """The weight of the old value, 1 - momentum; None for the plain average."""
        return None if self.momentum is None else complement(self.momentum)


def one_momentum(momentum: float | None, decay: float | None) -> float | None:
    """The momentum, out of what was given of the two.

    Raises ValueError if both were, and for a decay out of range. Warns of a momentum that looks
    like a decay.
    """
    if decay is None:
        if momentum is not None and 0.5 < momentum < 1:
            warnings.warn(
                f"batch_norm: momentum={momentum} weighs the new batch, so the running statistics "
                f"forget nearly all before it; did you mean decay={momentum}, the weight of the "
                f"old value? If not, say decay={complement(momentum)}",
                stacklevel=3,
            )
        return momentum
    if momentum is not DEFAULT_MOMENTUM:
        raise ValueError(
            f"batch_norm: momentum={momentum} and decay={decay} are two words for one weight, "
            "decay = 1 - momentum; give one of them"
        )
    return complement(check_weight("decay, the weight of the old value,", decay))


def complement(weight: float) -> float:
    """1 - weight, in decimal: decay=0.9 is momentum=0.1 to the last bit."""
    return float(1 - Decimal(repr(float(weight))))


def check_weight(what: str, weight: Any) -> float:
    weight = float(weight)
    if not 0 <= weight <= 1:
        raise ValueError(f"batch_norm: {what} must lie in [0, 1], got {weight}")
    return weight


def check_option(name: str, value: Any, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise ValueError(f"batch_norm: {name} is {value!r}, expected one of {allowed}")
