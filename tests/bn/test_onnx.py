"""Row B27: a batch norm as an ONNX model computes what the layer does, and never by accident."""

from __future__ import annotations

import subprocess
import sys
import warnings
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minigrad as mg
from minigrad_bn import BatchNorm1d, BatchNorm2d, BatchNorm3d, to_onnx

from .bounds import assert_near, bounds_of, bounds_of_statistics
from .cases import Case, cases
from .derivatives import values
from .layers import assert_same_state, layer_for, state_of

reference = pytest.importorskip("onnx.reference", reason="needs onnx")


def run(model: Any, x: np.ndarray, *outputs: str) -> list[np.ndarray]:
    assert [info.name for info in model.graph.output] == ["Y", *outputs]
    return reference.ReferenceEvaluator(model).run(["Y", *outputs], {"X": x})


def attributes(model: Any) -> dict[str, Any]:
    (node,) = model.graph.node
    assert node.op_type == "BatchNormalization"
    return {a.name: a.f if a.name in ("epsilon", "momentum") else a.i for a in node.attribute}


def without(layer: Any, names: tuple[str, ...]) -> Any:
    for name in names:
        setattr(layer, name, None)
    return layer


def as_onnx_holds_it(case: Case) -> Case:
    """The case with an eps that float32 holds, as attributes of a node are float32."""
    return case.but(eps=float(np.float32(case.eps)))


absent = st.sampled_from([(), ("bias",), ("weight", "bias"), ("weight",)])


@given(cases().map(as_onnx_holds_it), absent)
def test_b27_the_model_of_a_layer_in_evaluation_computes_what_the_layer_does(
    device: Any, case: Case, absent: tuple[str, ...]
) -> None:
    layer = without(layer_for(case, device), absent).eval()
    before = state_of(layer)
    model = to_onnx(layer, case.x.ndim)
    (y,) = run(model, case.x)
    assert y.dtype == case.x.dtype
    expected = values(layer(mg.asarray(case.x, device=device)))
    bound = bounds_of(case.but(weight=np.abs(case.weight) + 1), evaluation=True)
    assert_near(y, expected, bound.y, "Y")
    told = attributes(model)
    assert told["training_mode"] == 0
    assert told["momentum"] == np.float32(1 - case.momentum)
    assert told["epsilon"] == np.float32(case.eps)
    assert_same_state(layer, before)


@given(cases(), absent, st.booleans())
def test_b27_a_layer_without_statistics_is_taken_apart(
    device: Any, case: Case, absent: tuple[str, ...], training: bool
) -> None:
    layer = without(layer_for(case, device), ("running_mean", "running_var", *absent))
    layer.train(training)
    assert not layer.track_running_stats
    model = to_onnx(layer, case.x.ndim)
    assert "BatchNormalization" not in [node.op_type for node in model.graph.node]
    x = case.x if list(layer.parameters()) else case.x.astype("float32")
    (y,) = run(model, x)
    assert y.shape == x.shape and y.dtype == x.dtype
    expected = values(layer(mg.asarray(x, device=device)))
    bound = bounds_of(case.but(weight=np.abs(case.weight) + 1), dtype=x.dtype)
    assert_near(y, expected, bound.y, "Y")


@given(cases().map(as_onnx_holds_it))
def test_b27_training_is_exported_when_asked_and_moves_the_statistics_as_onnx_can(
    case: Case,
) -> None:
    layer = layer_for(case, "cpu")
    with pytest.raises(ValueError, match=r"is in training.*eval\(\).*allow_training=True"):
        to_onnx(layer)
    with pytest.warns(UserWarning, match="running variance is the biased one"):
        to_onnx(layer, allow_training=True)
    layer.settings = layer.settings.__class__(eps=case.eps, momentum=case.momentum, bessel=False)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = to_onnx(layer, case.x.ndim, allow_training=True)
    assert attributes(model)["training_mode"] == 1
    y, mean, var = run(model, case.x, "running_mean", "running_var")
    expected = values(layer(mg.asarray(case.x, device="cpu")))
    assert_near(y, expected, bounds_of(case).y, "Y")
    bounds = bounds_of_statistics(case)
    # ONNX holds the momentum in float32.
    rounded = [np.finfo("float32").eps * b / np.finfo(case.x.dtype).eps for b in bounds]
    assert_near(mean, values(layer.running_mean), rounded[0], "mean")
    assert_near(var, values(layer.running_var), rounded[1], "var")


def test_b27_a_frozen_layer_is_exported_as_evaluation_and_a_plain_average_not_at_all() -> None:
    layer = BatchNorm2d(3, momentum=None)
    with pytest.raises(ValueError, match="no plain average"):
        to_onnx(layer, allow_training=True)
    told = attributes(to_onnx(layer.freeze_stats(), allow_training=True))
    assert told["training_mode"] == 0 and "momentum" not in told


def test_b27_channels_at_another_axis_are_refused() -> None:
    with pytest.raises(ValueError, match="channels at axis -1, and ONNX at axis 1"):
        to_onnx(BatchNorm2d(3, channel_axis=-1).eval())


@pytest.mark.parametrize(
    ("layer", "rank", "shape"),
    [
        (BatchNorm1d(3), None, ["N", 3]),
        (BatchNorm1d(3), 3, ["N", 3, "L"]),
        (BatchNorm2d(3), None, ["N", 3, "H", "W"]),
        (BatchNorm3d(3, affine=False, track_running_stats=False), 5, ["N", 3, "D", "H", "W"]),
    ],
)
def test_b27_input_and_output_have_shapes_and_dtypes_that_the_layer_takes(
    layer: Any, rank: int | None, shape: list[Any]
) -> None:
    graph = to_onnx(layer.eval(), rank).graph
    for info in (*graph.input, *graph.output):
        tensor = info.type.tensor_type
        assert tensor.elem_type == 1  # float32
        assert [d.dim_param or d.dim_value for d in tensor.shape.dim] == shape


def test_b27_a_rank_that_the_layer_does_not_take_is_refused() -> None:
    with pytest.raises(ValueError, match="BatchNorm1d takes inputs of 2 or 3 axes, not of 4"):
        to_onnx(BatchNorm1d(3).eval(), 4)


def test_b27_nothing_is_imported_before_use_and_without_onnx_it_says_what_to_install() -> None:
    code = (
        "import sys, minigrad_bn\n"
        "assert 'onnx' not in sys.modules\n"
        "sys.modules['onnx'] = None\n"
        "try: minigrad_bn.to_onnx(minigrad_bn.BatchNorm1d(2).eval())\n"
        "except ModuleNotFoundError as error: print(error)"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert result.stdout.startswith("to_onnx: needs the package onnx"), result.stderr
    assert "pip install 'minigrad[onnx]'" in result.stdout
