"""`lint`: what is suspicious about the batch norms of a model, before it costs a week.

Every rule is a mistake that others made and found late; the finding says what happens, and what to
do.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from minigrad import nn

from .feeding import Place, Seen, read_off
from .folding import AFFINE
from .layers import BatchNorm
from .watching import seen_in_a_run

__all__ = ["Finding", "lint"]

LOOKS_LIKE_A_DECAY = 0.5


class Finding(NamedTuple):
    """Something suspicious: at which module, by which rule, and what to know about it."""

    module: str
    rule: str
    text: str

    def __str__(self) -> str:
        return f"{self.module or 'model'}: {self.rule}: {self.text}"


def lint(
    model: nn.Module, x: Any = None, *, optimizer: Any = None, loader: Any = None
) -> list[Finding]:
    """What is suspicious about the batch norms of `model`: an empty list if nothing is.

    Without `x`, what stands before a batch norm is known in each `Sequential`. With it, an input of
    at least two samples, the model runs once, batch norms in training and all else in evaluation,
    and is differentiated: then it is known in any model, and a useless gradient is measured.
    `optimizer` is searched for weight decay, `loader` for a batch of one. Nothing of the model
    changes, neither state nor gradients, also if it raises, as it does where the run fails.

    The rules, by name:

    - "bias before batch norm": it is taken off with the mean;
    - "after dropout", directly: the variance is another in evaluation;
    - "used more than once", seen in a run: the statistics of several places are mixed;
    - "momentum looks like a decay", between 0.5 and 1; "eps is 0";
    - "sick statistics": not finite, or a variance below 0;
    - "half frozen": nothing learns, but the statistics move;
    - "weight decay" on weight or bias;
    - "batch of one", as the loader's last may be.
    """
    norms = {name: m for name, m in model.named_modules() if isinstance(m, BatchNorm)}
    seen = read_off(model) if x is None else seen_in_a_run(model, x)
    found = [*check_biases(seen), *check_dropouts(seen.places), *check_runs(seen.runs)]
    for name, norm in norms.items():
        found += check_settings(name, norm)
        found += check_state(name, norm)
    if optimizer is not None:
        found += check_weight_decay(norms, optimizer)
    if loader is not None:
        found += check_batches([norms[name] for name in norms if name in seen.single], loader)
    return found


# --- what stands before, and how often -----------------------------------------------------------


def check_biases(seen: Seen) -> Iterator[Finding]:
    """A bias of which every use is taken off by a batch norm behind it."""
    uses: dict[int, list[Place]] = {}
    for place in seen.places:
        # Of the very class: a subclass may do other things with its bias.
        layer = place.layer
        if type(layer) in AFFINE and isinstance(layer, AFFINE) and layer.bias is not None:
            uses.setdefault(id(layer.bias), []).append(place)
    for same in uses.values():
        if not all(p.bias_is_useless for p in same):
            continue
        for layer, name in {p.layer: p.name for p in same}.items():
            behind = dict.fromkeys(norm for p in same if p.layer is layer for norm in p.norms)
            measured = ""
            if id(layer) in seen.gradients:
                bias, weight = seen.gradients[id(layer)]
                measured = (
                    f"; its gradient is rounding noise, {bias:.1e} beside {weight:.1e} of the "
                    "weight, which Adam scales up to full steps"
                )
            yield Finding(
                name,
                "bias before batch norm",
                f"the mean that {' and '.join(behind)} takes off contains it, so in training it "
                f"changes nothing{measured}; make the layer with bias=False",
            )


def check_dropouts(places: list[Place]) -> Iterator[Finding]:
    """Dropout directly before a batch norm."""
    for place in places:
        if isinstance(place.layer, nn.Dropout) and place.layer.p > 0:
            for name in place.norms:
                yield Finding(
                    name,
                    "after dropout",
                    f"dropout ({place.name}) makes the variance in training larger than in "
                    "evaluation, and the running variance remembers the larger one; put it behind "
                    "the batch norm",
                )


def check_runs(runs: Mapping[str, int]) -> Iterator[Finding]:
    """A batch norm that ran more than once."""
    for name, count in runs.items():
        if count > 1:
            yield Finding(
                name,
                "used more than once",
                f"its running statistics mix those of {count} places of the model; give each place "
                "a batch norm of its own",
            )


# --- the batch norms themselves ------------------------------------------------------------------


def check_settings(name: str, norm: BatchNorm) -> Iterator[Finding]:
    """What is suspicious about the settings of one layer."""
    momentum = norm.momentum
    if momentum is not None and LOOKS_LIKE_A_DECAY < momentum < 1:
        yield Finding(
            name,
            "momentum looks like a decay",
            f"momentum={momentum} makes the last batch most of the running statistics; if "
            f"{momentum} is the weight of the old value, say decay={momentum}",
        )
    if norm.eps == 0:
        yield Finding(name, "eps is 0", "a channel that is constant in a batch becomes NaN")
    parameters = list(norm.parameters(recurse=False))
    learns = not parameters or any(p.requires_grad for p in parameters)
    if not learns and norm.track_running_stats and not norm.stats_frozen:
        yield Finding(
            name,
            "half frozen",
            "weight and bias don't require grad, but the running statistics move in training; "
            "freeze() keeps both",
        )


def check_state(name: str, norm: BatchNorm) -> Iterator[Finding]:
    """Running statistics that can't be right."""
    for buffer, channels in norm.check_state().items():
        yield Finding(
            name,
            "sick statistics",
            f"{buffer} is not finite, or negative, in channels {channels}; evaluation is wrong "
            "there: reset_running_stats() and recalibrate(), and look for NaN in the data",
        )


# --- what the model is trained with --------------------------------------------------------------


def check_weight_decay(norms: Mapping[str, BatchNorm], optimizer: Any) -> Iterator[Finding]:
    """Weight decay on what batch norms learn."""
    decays = {
        id(p): group["weight_decay"]
        for group in optimizer.param_groups
        for p in group["params"]
        if group.get("weight_decay")
    }
    for name, norm in norms.items():
        decayed = {n: p for n, p in norm.named_parameters(recurse=False) if id(p) in decays}
        if decayed:
            by = " and ".join(sorted({str(decays[id(p)]) for p in decayed.values()}))
            yield Finding(
                name,
                "weight decay",
                f"{' and '.join(decayed)} decay by {by}, which pulls the scale towards 0 and "
                "regularises nothing; use optim.param_groups(model, weight_decay)",
            )


def check_batches(single: Iterable[BatchNorm], loader: Any) -> Iterator[Finding]:
    """A loader with a batch of one, where a sample brings one value a channel."""
    if not any(n.settings.on_single == "raise" and not n.stats_frozen for n in single):
        return
    samples, size = len(loader.dataset), loader.batch_size
    if samples % size == 1 and not loader.drop_last:
        yield Finding(
            "loader",
            "batch of one",
            f"{samples} samples in batches of {size} leave one, which has no variance: training "
            "fails there on inputs (N, C); pass drop_last=True",
        )
    if size == 1:
        yield Finding(
            "loader",
            "batch of one",
            "a batch of one has no variance: training fails on inputs (N, C); take larger ones, "
            "or group norm",
        )
