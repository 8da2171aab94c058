"""param_groups: what decays and what does not."""

from __future__ import annotations

import minigrad as mg
from minigrad import nn, optim


class LayerScale(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.gamma = nn.Parameter(mg.ones(3))


def names(net: nn.Module, groups: list[dict]) -> list[set[str]]:
    of = {id(p): name for name, p in net.named_parameters()}
    return [{of[id(p)] for p in group["params"]} for group in groups]


def test_biases_and_normalisations_do_not_decay() -> None:
    net = nn.Sequential(
        nn.Conv2d(1, 2, 3), nn.GroupNorm(1, 2), nn.Flatten(), nn.Linear(2, 3), nn.LayerNorm(3),
        LayerScale(),
    )  # fmt: skip
    groups = optim.param_groups(net, weight_decay=0.1)
    assert [g["weight_decay"] for g in groups] == [0.1, 0.0]
    assert names(net, groups) == [
        {"0.weight", "3.weight", "5.gamma"},
        {"0.bias", "1.weight", "1.bias", "3.bias", "4.weight", "4.bias"},
    ]
    optimizer = optim.AdamW(groups, lr=0.1)
    assert [g["weight_decay"] for g in optimizer.param_groups] == [0.1, 0.0]


def test_other_words_exempt_other_parameters() -> None:
    net = nn.Sequential(nn.Linear(2, 3), LayerScale())
    groups = optim.param_groups(net, 0.5, no_decay=("LAYERSCALE", "bias"))
    assert names(net, groups) == [{"0.weight"}, {"0.bias", "1.gamma"}]
    (only,) = optim.param_groups(net, 0.5, no_decay=())
    assert len(only["params"]) == 3


def test_a_shared_parameter_is_in_one_group_only() -> None:
    net = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
    net[1].weight = net[0].weight
    groups = optim.param_groups(net)
    assert sum(len(g["params"]) for g in groups) == 3
    optim.SGD(groups)
