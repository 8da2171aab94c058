"""Whatever is done to a layer, in whatever order: its memory is that of a model, and of PyTorch.

A machine that Hypothesis drives: batches in both modes, of NaN, of one value a channel and of none;
backwards at once, late, again or never; freezing; saving and loading; copies; other devices;
checkpoints; other momenta. `HYPOTHESIS_PROFILE=nightly pytest tests/bn/test_machine.py` runs it for
long.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

import minigrad as mg
from minigrad.testing.oracles import from_torch, to_torch, torch
from minigrad.testing.strategies.arrays import seeds
from minigrad.testing.tolerance import assert_close
from minigrad_bn import BatchNorm1d, Settings

from .derivatives import values
from .layers import assert_same_state, state_of
from .model import Model, normalised

CHANNELS = 2
EPS = 0.5  # so large that every 1 / sqrt(var + eps) is below 2
LARGEST = 1e4
"""Above any term of a gradient: |gamma| |g| (1 + |x| / s) (1 + |x_hat|) / s, all of them small."""

strict = any(s.name == "strict" and s.usable for s in mg.backends.status())
DEVICES = ["cpu", "strict", "strict:device1"] if strict else ["cpu"]


@dataclass(eq=False)
class Forward:
    """A forward whose backward is still to come, and what it should give."""

    x: mg.Tensor
    y: mg.Tensor
    g: mg.Tensor
    expected: list[np.ndarray]


class LayerAndModel(RuleBasedStateMachine):
    """A BatchNorm1d, the model of it in NumPy, and PyTorch's layer where it is comparable."""

    @initialize(
        momentum=st.sampled_from([None, 0.1, 0.3, 1.0]),
        bessel=st.booleans(),
        on_single=st.sampled_from(["raise", "skip_update"]),
        nonfinite=st.sampled_from(["propagate", "raise", "skip"]),
        as_torch=st.booleans(),
        seed=seeds,
    )
    def make(self, momentum, bessel, on_single, nonfinite, as_torch, seed) -> None:
        options = {} if as_torch else {"on_single": on_single, "nonfinite": nonfinite}
        bessel = as_torch or bessel
        self.bn = BatchNorm1d(
            CHANNELS, EPS, momentum, dtype=mg.float64, bessel=bessel, **options, device="cpu"
        )
        self.model = Model(CHANNELS, Settings(momentum=momentum, bessel=bessel, **options))
        self.torch = None
        if as_torch and torch is not None:
            self.torch = torch.nn.BatchNorm1d(CHANNELS, EPS, momentum, dtype=torch.float64)
        rng = np.random.default_rng(seed)
        self.weight, self.bias = rng.uniform(-3, 3, (2, CHANNELS))
        for p, v in zip(self.bn.parameters(), (self.weight, self.bias), strict=True):
            p.data = v
        self.waiting: list[Forward] = []
        self.saved = self.bn.state_dict()
        self.saved_model, self.saved_torch = copy.copy(self.model), copy.deepcopy(self.torch)
        self.twins: list[tuple[BatchNorm1d, dict[str, np.ndarray]]] = []
        self.steps = 1

    # --- forwards --------------------------------------------------------------------------------

    @rule(n=st.integers(0, 5), seed=seeds, sick=st.sampled_from([None] * 4 + [np.nan, np.inf]))
    def forward(self, n: int, seed: int, sick: float | None) -> None:
        x, g = self.draw(n, seed, sick)
        try:
            expected = self.expect(x, g)
        except (ValueError, FloatingPointError) as error:
            with self.nothing_moves(), pytest.raises(type(error)):
                self.bn(self.tensor(x))
            return
        ours = Forward(self.tensor(x).requires_grad_(), mg.ones(()), self.tensor(g), expected)
        ours.y = self.bn(ours.x)
        self.compare(values(ours.y), expected[0], "y")
        self.waiting.append(ours)

    @rule(n=st.integers(2, 4), seed=seeds)
    def forward_without_state_updates(self, n: int, seed: int) -> None:
        x, _ = self.draw(n, seed, None)
        with self.nothing_moves(), mg.autograd.no_state_update():
            y = self.bn(self.tensor(x))
        statistics = copy.copy(self.model).statistics(x)
        expected = normalised(x, self.weight, self.bias, x, statistics, EPS, self.model.by_batch)
        self.compare(values(y), expected[0], "y")

    @rule(n=st.integers(2, 4), seed=seeds)
    def forward_through_a_checkpoint(self, n: int, seed: int) -> None:
        x, g = self.draw(n, seed, None)
        expected = self.expect(x, g)
        leaf = self.tensor(x).requires_grad_()
        y = mg.checkpoint(self.bn, leaf)
        self.compare(values(y), expected[0], "y")
        with self.nothing_moves():  # the forward that is run again does not count
            (dx,) = mg.autograd.grad(y, [leaf], self.tensor(g))
        self.compare(values(dx), expected[1], "dx through a checkpoint")

    @rule(n=st.integers(2, 4), seed=seeds)
    def checkpoint_whose_layer_changes_mode_before_backward(self, n: int, seed: int) -> None:
        """It runs again in the other mode: refused where that makes a difference."""
        x, g = self.draw(n, seed, None)
        by_batch, expected = self.model.by_batch, self.expect(x, g)
        leaf = self.tensor(x).requires_grad_()
        y = mg.checkpoint(self.bn, leaf)
        self.train(not self.model.training)
        with self.nothing_moves():
            if self.model.by_batch != by_batch:
                with pytest.raises(RuntimeError, match="it has to do the same both times"):
                    mg.autograd.grad(y, [leaf], self.tensor(g))
                return
            (dx,) = mg.autograd.grad(y, [leaf], self.tensor(g))
        self.compare(values(dx), expected[1], "dx through a checkpoint")

    # --- backwards -------------------------------------------------------------------------------

    @precondition(lambda self: self.waiting)
    @rule(data=st.data(), again=st.booleans())
    def backward(self, data: st.DataObject, again: bool) -> None:
        forward = self.waiting[data.draw(st.integers(0, len(self.waiting) - 1))]
        if not again:
            self.waiting.remove(forward)
        with self.nothing_moves():
            (dx,) = mg.autograd.grad(forward.y, [forward.x], forward.g, retain_graph=again)
        self.compare(values(dx), forward.expected[1], "dx")

    @precondition(lambda self: self.waiting and self.bn.weight.requires_grad)
    @rule(n=st.integers(2, 4), seed=seeds)
    def backward_into_the_parameters(self, n: int, seed: int) -> None:
        x, g = self.draw(n, seed, None)
        expected = self.expect(x, g)
        y = self.bn(self.tensor(x))
        found = mg.autograd.grad(y, [self.bn.weight, self.bn.bias], self.tensor(g))
        for a, e, name in zip(found, expected[2:], ("dweight", "dbias"), strict=True):
            self.compare(values(a), e, name)

    # --- modes and settings ----------------------------------------------------------------------

    @rule(mode=st.booleans())
    def train(self, mode: bool) -> None:
        with self.nothing_moves():
            self.bn.train(mode)
        self.model.training = mode

    @rule(verb=st.sampled_from(["freeze", "freeze_stats", "unfreeze"]))
    def freeze(self, verb: str) -> None:
        with self.nothing_moves():
            getattr(self.bn, verb)()
        self.model.frozen = verb != "unfreeze"

    @rule(momentum=st.sampled_from([None, 0.0, 0.1, 0.3, 1.0]))
    def change_momentum(self, momentum: float | None) -> None:
        self.bn.momentum = momentum
        self.model.settings = replace(self.model.settings, momentum=momentum)
        if self.torch is not None:
            self.torch.momentum = momentum

    # --- the state as a whole --------------------------------------------------------------------

    @rule()
    def save(self) -> None:
        self.saved = self.bn.state_dict()
        self.saved_model, self.saved_torch = copy.copy(self.model), copy.deepcopy(self.torch)

    @rule(with_counter=st.booleans())
    def load(self, with_counter: bool) -> None:
        """What a state dict lacks stays as it is; the graphs recorded before are over."""
        state = {n: t for n, t in self.saved.items() if with_counter or not n.startswith("num_")}
        self.bn.load_state_dict(state, strict=with_counter)
        self.model.mean, self.model.var = self.saved_model.mean, self.saved_model.var
        if with_counter:
            self.model.batches = self.saved_model.batches
        if self.torch is not None:
            for name, tensor in self.saved_torch.state_dict().items():
                if name in state:
                    self.torch.state_dict()[name].copy_(tensor)
        self.waiting.clear()

    @rule()
    def reset(self) -> None:
        self.bn.reset_running_stats()
        fresh = Model(CHANNELS, self.model.settings)
        self.model.mean, self.model.var, self.model.batches = fresh.mean, fresh.var, 0
        if self.torch is not None:
            self.torch.reset_running_stats()

    @rule()
    def go_on_with_a_copy(self) -> None:
        self.twins.append((self.bn, state_of(self.bn)))
        self.bn = copy.deepcopy(self.bn)

    @rule(device=st.sampled_from(DEVICES))
    def move(self, device: str) -> None:
        with self.nothing_moves():
            self.bn.to(device)
        self.waiting.clear()

    @invariant()
    def memory_is_the_models_and_pytorchs(self) -> None:
        if not hasattr(self, "bn"):
            return
        state = state_of(self.bn)
        self.compare_statistics(state, self.model.mean, self.model.var)
        assert state["num_batches_tracked"] == self.model.batches
        if self.torch is not None:
            assert state["num_batches_tracked"] == self.torch.num_batches_tracked.item()
            self.compare_statistics(
                state, from_torch(self.torch.running_mean), from_torch(self.torch.running_var)
            )
        assert not any(b.requires_grad for b in self.bn.buffers())

    def teardown(self) -> None:
        """A layer that was copied has not moved since."""
        for twin, state in getattr(self, "twins", []):
            assert_same_state(twin, state)

    # --- help ------------------------------------------------------------------------------------

    def draw(self, n: int, seed: int, sick: float | None) -> tuple[np.ndarray, np.ndarray]:
        """A batch and a cotangent; one value of the batch may be sick."""
        rng = np.random.default_rng(seed)
        x, g = 2 + 3 * rng.standard_normal((n, CHANNELS)), rng.standard_normal((n, CHANNELS))
        if n and sick is not None:
            x[rng.integers(n), rng.integers(CHANNELS)] = sick
        return x, g

    def tensor(self, x: np.ndarray) -> mg.Tensor:
        return mg.tensor(x, device=self.bn.running_mean.device)

    def expect(self, x: np.ndarray, g: np.ndarray) -> list[np.ndarray]:
        """Move model and PyTorch's layer by a batch; y and the gradients, on which they agree."""
        by_batch = self.model.by_batch
        statistics = self.model.statistics(x)
        self.steps += 1
        expected = normalised(x, self.weight, self.bias, g, statistics, EPS, by_batch)
        if self.torch is not None:
            found = self.pytorch(to_torch(x, True), to_torch(g), by_batch)
            for a, e, name in zip(found, expected, ("y", "dx", "dw", "db"), strict=True):
                self.compare(from_torch(a), e, f"{name} of PyTorch")
        return expected

    def pytorch(self, x: Any, g: Any, by_batch: bool) -> list[Any]:
        self.torch.train(by_batch)
        w, b = to_torch(self.weight, True), to_torch(self.bias, True)
        running = [t.clone() for t in (self.torch.running_mean, self.torch.running_var)]
        y = torch.nn.functional.batch_norm(x, *running, w, b, by_batch, eps=EPS)
        self.torch(x.detach())
        return [y, *torch.autograd.grad(y, [x, w, b], g)]

    def compare(self, actual: Any, expected: Any, what: str) -> None:
        assert_close(actual, expected, what, terms=5 * self.steps, magnitude=LARGEST)

    def compare_statistics(self, state: dict[str, np.ndarray], mean: Any, var: Any) -> None:
        """Of an infinite batch, the mean may be infinite or NaN; variance and y are NaN."""
        for name, expected in (("running_mean", mean), ("running_var", var)):
            actual, expected = (
                np.where(np.isfinite(a), a, np.nan) for a in (state[name], expected)
            )
            self.compare(actual, expected, name)

    @contextmanager
    def nothing_moves(self) -> Iterator[None]:
        before = state_of(self.bn)
        yield
        assert_same_state(self.bn, before)


# Not quite twice as long as by default: a late backward needs something to be late for.
TestLayerAndModel = LayerAndModel.TestCase
TestLayerAndModel.settings = hypothesis_settings(stateful_step_count=40)
