"""Rows B25 and B26: `lint` finds what is there, and nothing in a sound model."""

from __future__ import annotations

import copy
import re
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minigrad as mg
from minigrad import nn, optim
from minigrad.data import DataLoader, TensorDataset
from minigrad.testing.strategies import seeds
from minigrad.testing.tolerance import ROUNDINGS
from minigrad_bn import BatchNorm1d, BatchNorm2d, Finding, freeze, freeze_stats, lint

from .derivatives import values
from .layers import batch, state_of

BIAS = "bias before batch norm"


def rules(found: list[Finding]) -> list[tuple[str, str]]:
    return [(f.module, f.rule) for f in found]


class Net(nn.Module):
    """Parts in the order of `run`, which is handed the module and its input."""

    def __init__(self, run: Callable[[Any, Any], Any], **parts: nn.Module) -> None:
        super().__init__()
        self.run = run
        for name, part in parts.items():
            setattr(self, name, part)

    def forward(self, x: Any) -> Any:
        return self.run(self, x)


def linear_and_norm() -> dict[str, nn.Module]:
    return {"linear": nn.Linear(3, 3), "norm": BatchNorm1d(3)}


def first(y: Any) -> np.ndarray:
    """The values of a result, which may lie in containers."""
    while not isinstance(y, mg.Tensor):
        y = y["y"] if isinstance(y, dict) else y[0]
    return values(y)


# --- a bias before a batch norm ------------------------------------------------------------------


@pytest.mark.parametrize("runs", [False, True])
@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize(
    ("kind", "shape"),
    [
        (nn.Linear, (4, 2)),
        (nn.Conv1d, (4, 2, 5)),
        (nn.Conv2d, (4, 2, 5, 5)),
        (nn.ConvTranspose1d, (4, 2, 5)),
        (nn.ConvTranspose2d, (4, 2, 5, 5)),
    ],
)
def test_b25_a_bias_before_a_batch_norm_is_found_before_and_in_a_run(
    device: Any, kind: Any, shape: tuple[int, ...], bias: bool, runs: bool
) -> None:
    norm = BatchNorm2d(3) if len(shape) == 4 else BatchNorm1d(3)
    sizes = (2, 3) if kind is nn.Linear else (2, 3, 2)
    net = nn.Sequential(nn.Sequential(kind(*sizes, bias=bias), nn.Identity()), norm).to(device)
    found = lint(net, batch(0, shape, device, "float32") if runs else None)
    assert rules(found) == ([("0.0", BIAS)] if bias else [])
    if bias:
        assert "the mean that 1 takes off" in str(found[0])
        assert ("rounding noise" in found[0].text) == runs


def shared_linear(net: Any, x: Any) -> Any:
    return net.norm(net.linear(x)) + net.linear(x * 2.0)


def shared_and_normalised_twice(net: Any, x: Any) -> Any:
    return net.norm(net.linear(x)) + net.other(net.linear(x * 2.0))


def two_norms_of_one_output(net: Any, x: Any) -> Any:
    h = net.linear(x)
    return net.norm(h) + net.other(h)


def around_the_norm(net: Any, x: Any) -> Any:
    h = net.linear(x)
    return net.norm(h) + h


def changed_on_the_way(net: Any, x: Any) -> Any:
    h = net.linear(x)
    h *= x  # the handle that the layer returned, with another value
    return net.norm(h)


def changed_afterwards(net: Any, x: Any) -> Any:
    h = net.linear(x)
    y = net.norm(h)
    h *= x
    return y


def activated(net: Any, x: Any) -> Any:
    return net.norm(mg.tanh(net.linear(x)))


def checkpointed(net: Any, x: Any) -> Any:
    return {"y": [mg.checkpoint(lambda x: net.norm(net.linear(x)), x)]}


def half_checkpointed(net: Any, x: Any) -> Any:
    return mg.checkpoint(net.norm, net.linear(x)), None


def input_changed(net: Any, x: Any) -> Any:
    x += 1.0
    return net.norm(net.linear(x))


@pytest.mark.parametrize(
    ("run", "is_useless"),
    [
        (checkpointed, True),
        (half_checkpointed, True),
        (input_changed, True),
        (changed_afterwards, True),
        (shared_and_normalised_twice, True),
        (two_norms_of_one_output, True),
        (shared_linear, False),
        (around_the_norm, False),
        (changed_on_the_way, False),
        (activated, False),
    ],
)
def test_b25_in_a_run_it_is_found_in_any_module_and_only_if_it_changes_nothing(
    device: Any, run: Any, is_useless: bool
) -> None:
    net = Net(run, **linear_and_norm(), other=BatchNorm1d(3)).to(device)
    x = batch(0, (5, 3), device, "float32")
    assert rules(lint(net, x)) == ([("linear", BIAS)] if is_useless else [])
    assert lint(net) == []
    before = first(net(x))
    net.linear.bias.data = (net.linear.bias + 3.0).data
    assert np.allclose(first(net(x)), before, atol=1e-3) == is_useless


def test_b25_where_the_bias_is_not_taken_off_nothing_is_said(device: Any) -> None:
    x = batch(0, (4, 3, 3), device, "float32")
    linear = nn.Linear(3, 3)
    other_axis = nn.Sequential(linear, BatchNorm1d(3))
    assert lint(other_axis.to(device), x) == []
    same_axis = nn.Sequential(linear, BatchNorm1d(3, channel_axis=-1)).to(device)
    assert rules(lint(same_axis, x)) == rules(lint(same_axis)) == [("0", BIAS)]
    convolved = nn.Sequential(nn.Conv1d(3, 3, 1), BatchNorm1d(3, channel_axis=-1)).to(device)
    assert lint(convolved) == lint(convolved, x) == []
    flat = batch(0, (4, 3), device, "float32")
    for frozen in (freeze, freeze_stats):
        net = frozen(nn.Sequential(nn.Linear(3, 3), BatchNorm1d(3))).to(device)
        assert lint(net) == lint(net, flat) == []


class Scaled(nn.Linear):
    def forward(self, input: Any) -> Any:
        return super().forward(input) * input


def test_b25_a_layer_that_is_used_elsewhere_or_is_not_what_it_seems_is_left_alone() -> None:
    x = batch(0, (4, 3), dtype="float32")
    shared = nn.Linear(3, 3)
    twice = nn.Sequential(shared, nn.ReLU(), shared, BatchNorm1d(3))
    assert lint(twice) == lint(twice, x) == []
    both = nn.Sequential(shared, BatchNorm1d(3), nn.ReLU(), shared, BatchNorm1d(3))
    assert rules(lint(both)) == rules(lint(both, x)) == [("0", BIAS)]
    tied = nn.Sequential(nn.Linear(3, 3), BatchNorm1d(3), nn.Linear(3, 3))
    tied[2].bias = tied[0].bias
    assert lint(tied) == lint(tied, x) == []
    scaled = nn.Sequential(Scaled(3, 3), BatchNorm1d(3))
    assert lint(scaled) == lint(scaled, x) == []
    aside = Net(lambda net, x: net.s(x) + net.s[0](x), s=nn.Sequential(shared, BatchNorm1d(3)))
    aside.linear = shared
    assert lint(aside) == lint(aside, x) == []


def test_b25_the_gradient_that_is_measured_is_the_biass_beside_the_weights() -> None:
    net = nn.Sequential(nn.Linear(3, 3), BatchNorm1d(3), nn.Tanh())
    (found,) = lint(net, batch(0, (8, 3), dtype="float32"))
    sizes = re.search(r"rounding noise, (\S+) beside (\S+) of the weight", found.text)
    assert sizes is not None
    bias, weight = map(float, sizes.groups())
    assert 0 < bias < 1e-5 < 1e-2 < weight


def test_b25_an_input_by_keyword_is_seen_too() -> None:
    net = Net(lambda net, x: net.norm(input=net.linear(x)), **linear_and_norm())
    assert rules(lint(net, batch(0, (4, 3), dtype="float32"))) == [("linear", BIAS)]


def test_b25_a_frozen_model_is_judged_too_and_one_without_gradients_left_alone() -> None:
    net = nn.Sequential(nn.Linear(3, 3), BatchNorm1d(3, affine=False)).requires_grad_(False)
    (found,) = lint(net, batch(0, (4, 3), dtype="float32"))
    assert found.rule == BIAS and "rounding noise" not in found.text

    def apart(net: Any, x: Any) -> Any:
        return net.norm(net.linear(x)).detach()

    assert lint(Net(apart, **linear_and_norm()), batch(0, (4, 3), dtype="float32")) == []


@given(
    seeds, st.integers(2, 6), st.sampled_from(["float32", "float64"]),
    st.sampled_from([0.0, 10.0, -300.0]),
)  # fmt: skip
def test_b25_the_gradient_of_such_a_bias_is_rounding_in_training_and_not_in_evaluation(
    device: Any, seed: int, n: int, dtype: str, offset: float
) -> None:
    # The exact dx of a channel adds up to 0. Each of its n terms is off by no more than `bounds`
    # tells, C n u |gamma| G kappa (1 + X) / s, and so is their sum, n times that.
    net = nn.Sequential(nn.Linear(3, 4), BatchNorm1d(4, eps=0.1)).to(device, dtype=dtype)
    rng = np.random.default_rng(seed)
    linear, norm = net
    for parameter, v in (
        (linear.bias, offset + rng.normal(size=4)), (norm.weight, rng.uniform(0.5, 3, 4)),
    ):  # fmt: skip
        parameter.data = mg.asarray(v.astype(dtype), device=device).data
    x = mg.asarray(rng.normal(size=(n, 3)).astype(dtype), device=device)
    g = mg.asarray(rng.uniform(0.5, 1, (n, 4)).astype(dtype), device=device)

    h, gamma = (values(t).astype("float64") for t in (linear(x), norm.weight))
    s = np.sqrt(h.var(axis=0) + 0.1)
    kappa = 1 + 2 * np.abs(h).max(axis=0) / s
    spread = 1 + np.abs(h - h.mean(axis=0)).max(axis=0) / s
    unit = ROUNDINGS * float(np.finfo(dtype).eps) * n
    bound = n * unit * gamma * values(g).max(axis=0) * kappa * spread / s

    (found,) = mg.autograd.grad(net(x), [linear.bias], g)
    assert np.all(np.abs(values(found)) <= bound)
    net.eval()
    (found,) = mg.autograd.grad(net(x), [linear.bias], g)
    exact = gamma * values(g).sum(axis=0) / np.sqrt(values(norm.running_var) + norm.eps)
    np.testing.assert_allclose(values(found), exact, rtol=unit)
    assert np.all(values(found) > 0)


# --- the other rules -----------------------------------------------------------------------------


def trained_with(**options: Any) -> dict[str, Any]:
    """What a model is trained with: nothing that is suspicious, unless `options` say so."""
    return {"dataset": TensorDataset(mg.ones((9, 3))), "batch_size": 4} | options


def sick(norm: Any, name: str, value: float) -> None:
    getattr(norm, name).data = mg.asarray([0.5, value, 1.0], device=norm.weight.device).data


MAKE_SUSPICIOUS: dict[str, Callable[[Any], Any]] = {
    "momentum looks like a decay": lambda norm: setattr(norm, "momentum", 0.9),
    "eps is 0": lambda norm: setattr(norm, "eps", 0.0),
    "sick statistics": lambda norm: sick(norm, "running_mean", np.nan),
    "half frozen": lambda norm: norm.requires_grad_(False),
}


@pytest.mark.parametrize("runs", [False, True])
@pytest.mark.parametrize("rule", MAKE_SUSPICIOUS)
def test_a_suspicious_layer_is_found_and_its_sound_neighbour_is_not(
    device: Any, rule: str, runs: bool
) -> None:
    net = nn.Sequential(nn.Linear(3, 3, bias=False), BatchNorm1d(3), nn.ReLU(), BatchNorm1d(3)).to(
        device
    )
    x = batch(0, (4, 3), device, "float32") if runs else None
    assert lint(net, x) == []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        MAKE_SUSPICIOUS[rule](net[3])
    assert rules(lint(net, x)) == [("3", rule)]
    assert rules(lint(net[3])) == [("", rule)]
    assert str(lint(net[3])[0]).startswith(f"model: {rule}: ")


def test_settings_at_the_edge_of_a_rule_are_sound() -> None:
    for momentum in (None, 0.0, 0.5, 1.0):
        assert lint(BatchNorm1d(3, momentum=momentum)) == []
    one_learns = BatchNorm1d(3)
    one_learns.bias.requires_grad_(False)
    untracked = BatchNorm1d(3, track_running_stats=False).requires_grad_(False)
    for norm in (one_learns, untracked, BatchNorm1d(3, affine=False), freeze(BatchNorm1d(3))):
        assert lint(norm) == []
    negative = BatchNorm1d(3)
    sick(negative, "running_var", -1.0)
    (found,) = lint(negative)
    assert "running_var is not finite, or negative, in channels [1]" in found.text


@pytest.mark.parametrize("runs", [False, True])
def test_dropout_directly_before_a_batch_norm_is_found(runs: bool) -> None:
    def net(*before: nn.Module) -> nn.Sequential:
        return nn.Sequential(nn.Linear(3, 3), *before, BatchNorm1d(3))

    x = batch(0, (4, 3), dtype="float32") if runs else None
    assert rules(lint(net(nn.ReLU(), nn.Dropout(0.2)), x)) == [("3", "after dropout")]
    # Dropout drops the bias, too: it is not the same in all samples then, and not useless.
    assert rules(lint(net(nn.Dropout(0.2)), x)) == [("2", "after dropout")]
    assert lint(net(nn.Dropout(0.2), nn.ReLU()), x) == []
    assert lint(net(nn.ReLU(), nn.Dropout(0.0)), x) == []
    assert lint(nn.Sequential(BatchNorm1d(3), nn.Dropout(0.2)), x) == []


def test_a_batch_norm_that_runs_more_than_once_is_found_in_a_run() -> None:
    x = batch(0, (4, 3), dtype="float32")
    norm = BatchNorm1d(3)
    net = nn.Sequential(norm, nn.ReLU(), norm)
    assert rules(lint(net, x)) == [("0", "used more than once")]
    assert lint(nn.Sequential(norm, nn.ReLU(), BatchNorm1d(3)), x) == []
    alias = Net(lambda net, x: net.norm(x), norm=norm, same=norm)
    assert lint(alias, x) == []
    again = Net(lambda net, x: mg.checkpoint(net.norm, x), norm=norm)
    assert lint(again, x) == []


@pytest.mark.parametrize(
    ("norm", "shape", "options", "is_found"),
    [
        (BatchNorm1d(3), (4, 3), {}, True),
        (BatchNorm1d(3), (4, 3), {"batch_size": 1}, True),
        (BatchNorm1d(3), (4, 3), {"batch_size": 1, "drop_last": True}, True),
        (BatchNorm1d(3), (4, 3), {"drop_last": True}, False),
        (BatchNorm1d(3), (4, 3), {"batch_size": 3}, False),
        (BatchNorm1d(3), (4, 3), {"batch_size": 10}, False),
        (BatchNorm1d(3, on_single="skip_update"), (4, 3), {}, False),
        (freeze_stats(BatchNorm1d(3)), (4, 3), {}, False),
        (BatchNorm1d(3), (4, 3, 1), {}, True),
        (BatchNorm1d(3), (4, 3, 2), {}, False),
        (BatchNorm1d(3, channel_axis=-1), (4, 2, 3), {}, False),
        (BatchNorm2d(3), (4, 3, 1, 1), {}, True),
        (BatchNorm2d(3), (4, 3, 1, 2), {}, False),
        (nn.Identity(), (4, 3), {}, False),
    ],
)
def test_a_batch_of_one_is_found_where_training_would_fail_by_it(
    norm: Any, shape: tuple[int, ...], options: Any, is_found: bool
) -> None:
    """Nine samples leave one in batches of four and none in batches of three."""
    loader = DataLoader(**trained_with(**options))
    found = lint(norm, batch(0, shape, dtype="float32"), loader=loader)
    assert rules(found) == ([("loader", "batch of one")] if is_found else [])
    if len(shape) == 2:
        assert rules(lint(norm, loader=loader)) == rules(found)


def test_a_batch_of_one_does_no_harm_behind_a_convolution() -> None:
    loader = DataLoader(**trained_with())
    assert lint(nn.Sequential(nn.Conv1d(1, 3, 1, bias=False), BatchNorm1d(3)), loader=loader) == []
    assert lint(BatchNorm2d(3), loader=loader) == []


# --- what decays ---------------------------------------------------------------------------------


def a_net(seed: int) -> nn.Sequential:
    """A net of blocks in some order, some of them shared, with and without parameters."""
    rng = np.random.default_rng(seed)
    norm, linear = BatchNorm1d(3), nn.Linear(3, 3)
    kinds: list[Callable[[], nn.Module]] = [
        lambda: nn.Linear(3, 3, bias=False),
        lambda: BatchNorm1d(3, affine=bool(rng.integers(2)), bias=bool(rng.integers(2))),
        lambda: nn.Sequential(nn.ReLU(), BatchNorm1d(3, track_running_stats=False)),
        lambda: norm,
        lambda: linear,
        nn.Tanh,
    ]
    return nn.Sequential(*[kinds[i]() for i in rng.integers(len(kinds), size=6)], linear)


@given(seeds)
def test_b26_every_parameter_is_in_one_group_and_buffers_are_in_none(seed: int) -> None:
    net = a_net(seed)
    groups = optim.param_groups(net, weight_decay=0.1)
    grouped = [id(p) for group in groups for p in group["params"]]
    assert len(set(grouped)) == len(grouped)
    assert set(grouped) == {id(p) for p in net.parameters()}
    assert not set(grouped) & {id(b) for b in net.buffers()}
    assert not any(b.requires_grad for b in net.buffers())
    names = {name.rpartition(".")[2] for name, _ in net.named_parameters()}
    assert names <= {"weight", "bias"}


@given(seeds)
def test_b26_nothing_of_a_batch_norm_decays_in_these_groups_and_lint_agrees(seed: int) -> None:
    net = a_net(seed)
    norms = [m for m in net.modules() if isinstance(m, BatchNorm1d)]
    learned = {id(p) for m in norms for p in m.parameters()}
    groups = optim.param_groups(net, weight_decay=0.1)
    decaying = {id(p) for group in groups if group["weight_decay"] for p in group["params"]}
    assert not learned & decaying
    assert "weight decay" not in [f.rule for f in lint(net, optimizer=optim.AdamW(groups))]

    everything = optim.AdamW(net.parameters(), weight_decay=0.1)
    found = {f.module for f in lint(net, optimizer=everything) if f.rule == "weight decay"}
    named = dict(net.named_modules())
    assert {id(named[name]) for name in found} == {id(m) for m in norms if list(m.parameters())}
    none = optim.AdamW(net.parameters(), weight_decay=0.0)
    assert "weight decay" not in [f.rule for f in lint(net, optimizer=none)]


def test_b26_the_finding_names_what_decays_and_by_how_much() -> None:
    norm = BatchNorm1d(3)
    groups = [{"params": [norm.weight], "weight_decay": 0.2}, {"params": [norm.bias]}]
    (found,) = lint(norm, optimizer=optim.SGD(groups, lr=0.1))
    assert found.text.startswith("weight decay by 0.2, which")
    (found,) = lint(norm, optimizer=optim.SGD(norm.parameters(), lr=0.1, weight_decay=0.3))
    assert found.text.startswith("weight and bias decay by 0.3, which")


# --- nothing changes -----------------------------------------------------------------------------


def everything_of(net: nn.Module) -> list[Any]:
    """State, gradients, modes and hooks."""
    return [
        {name: v.tobytes() for name, v in state_of(net).items()},
        [None if p.grad is None else p.grad.numpy().tobytes() for p in net.parameters()],
        [(m.training, getattr(m, "_warned", None)) for m in net.modules()],
        [
            (list(m._hooks.before.values()), list(m._hooks.after.values()))
            for m in net.modules()
            if m._hooks and (m._hooks.before or m._hooks.after)
        ],
        [id(t) for t in [*net.parameters(), *net.buffers()]],
    ]


@pytest.mark.parametrize("fails", [False, True])
@pytest.mark.parametrize("training", [False, True])
def test_b25_the_model_is_as_before_also_after_an_error(
    device: Any, training: bool, fails: bool
) -> None:
    net = nn.Sequential(
        nn.Linear(3, 4), BatchNorm1d(4), nn.Dropout(), nn.Sequential(nn.Dropout(), nn.Linear(4, 2)),
        BatchNorm1d(2),
    ).to(device)  # fmt: skip
    x = batch(0, (4, 3), device, "float32")
    mg.sum(net(x) ** 2).backward()
    seen: list[str] = []
    net[0].register_forward_hook(lambda *_: seen.append("hook"))
    net.train(training)
    net[2].eval()
    before, sent = everything_of(net), x.numpy().copy()
    generator = mg.random.default_generator().state_dict()
    if fails:
        net[3].append(nn.Linear(7, 2).to(device))
        generator = mg.random.default_generator().state_dict()
        before = everything_of(net)
        with pytest.raises(ValueError, match="linear: input"):
            lint(net, x)
    else:
        assert rules(lint(net, x)) == [("0", BIAS), ("3.1", BIAS)]
    assert everything_of(net) == before
    assert seen == ["hook"]
    assert mg.random.default_generator().state_dict() == generator  # no dropout was drawn
    assert not x.requires_grad and x.grad is None
    np.testing.assert_array_equal(x.numpy(), sent)
    with pytest.raises(ValueError, match="more than 1 value"):
        lint(net, x[:1])
    assert everything_of(net) == before


def test_b25_lint_looks_for_gradients_where_none_are_recorded() -> None:
    net = nn.Sequential(nn.Linear(3, 3), BatchNorm1d(3))
    twin = copy.deepcopy(net)
    with mg.no_grad():
        assert rules(lint(net, batch(0, (4, 3), dtype="float32"))) == [("0", BIAS)]
    assert everything_of(net)[:4] == everything_of(twin)[:4]
