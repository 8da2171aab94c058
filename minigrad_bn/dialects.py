"""The conventions of other libraries: what they call things, and what they mean by them.

They agree on y, and differ in the memory: which way round momentum weighs, whether the running
variance is the unbiased one, what eps is, and how the four vectors are called.

    PyTorch    https://docs.pytorch.org/docs/stable/generated/torch.nn.BatchNorm1d.html
    Keras      https://keras.io/api/layers/normalization_layers/batch_normalization/
    CS231n     `minigrad_bn.cs231n`
    Chainer    https://docs.chainer.org/en/stable/reference/generated/chainer.links.BatchNormalization.html
    flax       https://flax.readthedocs.io/en/latest/api_reference/flax.linen/layers.html
    ONNX       https://onnx.ai/onnx/operators/onnx__BatchNormalization.html

A dialect says how statistics are kept, not how arrays lie: Keras and flax have the channels last by
default, which is `channel_axis=-1` here, and has to be said.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import inf
from typing import Any, NamedTuple

from .settings import Settings

__all__ = ["DIALECTS", "Dialect", "Names", "convert_state", "dialect_of", "options_of"]

COUNTER = "num_batches_tracked"


class Names(NamedTuple):
    """What a dialect calls the four vectors."""

    weight: str
    bias: str
    mean: str
    var: str


@dataclass(frozen=True)
class Dialect:
    """A library's words and defaults. `decay` is what it calls the weight of the old value."""

    names: Names
    settings: Settings
    decay: str | None = "momentum"


DIALECTS = {
    "torch": Dialect(
        Names("weight", "bias", "running_mean", "running_var"), Settings(), decay=None
    ),
    # Without the fused kernel, that is: that one keeps the unbiased variance.
    "keras": Dialect(
        Names("gamma", "beta", "moving_mean", "moving_variance"),
        Settings(eps=1e-3, momentum=0.01, bessel=False),
    ),
    "cs231n": Dialect(
        Names("gamma", "beta", "running_mean", "running_var"),
        Settings(momentum=0.1, bessel=False, initial_var=0.0),
    ),
    "chainer": Dialect(
        Names("gamma", "beta", "avg_mean", "avg_var"),
        Settings(eps=2e-5, momentum=0.1),
        decay="decay",
    ),
    "flax": Dialect(Names("scale", "bias", "mean", "var"), Settings(momentum=0.01, bessel=False)),
    "onnx": Dialect(
        Names("scale", "B", "input_mean", "input_var"), Settings(momentum=0.1, bessel=False)
    ),
}


def dialect_of(name: str) -> Dialect:
    """The dialect called `name`. Raises ValueError, with all names, if there is none."""
    if name not in DIALECTS:
        raise ValueError(f"there is no dialect {name!r}; there are {', '.join(DIALECTS)}")
    return DIALECTS[name]


def options_of(name: str, options: Mapping[str, Any]) -> dict[str, Any]:
    """The options of a layer of dialect `name`: those given, and for the rest its defaults.

    Raises ValueError for a dialect that does not exist, and for a momentum where the dialect means
    something else by it.
    """
    dialect = dialect_of(name)
    if "momentum" in options and dialect.decay is not None:
        raise ValueError(
            f"from_dialect: what {name} calls {dialect.decay} is the weight of the old value: "
            f"say decay={options['momentum']} if that is what you mean"
        )
    defaults: dict[str, Any] = {"eps": dialect.settings.eps, "bessel": dialect.settings.bessel}
    if not {"decay", "momentum"} & set(options):
        defaults["momentum"] = dialect.settings.momentum
    return {**defaults, **options}


def convert_state(
    state: Mapping[str, Any], source: str, target: str, *, m: float | None = None
) -> dict[str, Any]:
    """The state of one layer, as dialect `source` has it, as dialect `target` would have it.

    `state` holds arrays or Tensors by the names of `source`; any of them may be missing. Where one
    dialect keeps the unbiased variance and the other the biased one, that of the result is
    multiplied by (m - 1) / m or by its inverse, and `m`, the number of values a channel had in a
    batch, has to be told: the state does not say. `m=math.inf` takes the variance as it is, the
    limit of large batches. PyTorch's counter is kept or dropped, never made up: load the state with
    strict=False.

    Raises ValueError for a dialect that does not exist, KeyError for a name that is not of the
    source, ValueError for an m that is missing or not above 1.
    """
    old, new = dialect_of(source), dialect_of(target)
    unknown = [name for name in state if name not in (*old.names, COUNTER)]
    if unknown:
        raise KeyError(
            f"convert_state: {unknown} are not names of {source}, which has {list(old.names)}; "
            "convert one layer at a time"
        )
    converted = {
        theirs: state[ours]
        for ours, theirs in zip(old.names, new.names, strict=True)
        if ours in state
    }
    if COUNTER in state and target == "torch":
        converted[COUNTER] = state[COUNTER]
    if new.names.var in converted and old.settings.bessel != new.settings.bessel:
        factor = bessel_factor(source, target, m)
        var = converted[new.names.var]
        converted[new.names.var] = var * factor if new.settings.bessel else var / factor
    return converted


def bessel_factor(source: str, target: str, m: float | None) -> float:
    """The unbiased variance over the biased one, for `m` values."""
    if m is None:
        raise ValueError(
            f"convert_state: of {source} and {target}, one keeps the variance over m - 1 and the "
            "other over m, and the state does not say what m was: give m=, the number of values "
            "that a channel had in a batch, or m=math.inf to take the variance as it is"
        )
    if not m > 1:
        raise ValueError(f"convert_state: m must be above 1, got {m}")
    return 1.0 if m == inf else m / (m - 1)
