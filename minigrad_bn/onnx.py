"""`to_onnx`: a batch norm as an ONNX model, for those who run it elsewhere.

In evaluation it is one BatchNormalization node. ONNX's momentum is the weight of the old value, so
it is written as 1 - momentum (https://onnx.ai/onnx/operators/onnx__BatchNormalization.html). A
layer without running statistics has no such node, and becomes the means and differences that it is
made of. Needs the package `onnx`, which is not imported before a layer is exported.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from minigrad.extend import Tensor

from .layers import BatchNorm

__all__ = ["to_onnx"]

Array = np.ndarray[Any, Any]

OPSET, IR_VERSION = 18, 8
"""Of 2022: what is exported needs nothing newer."""


def to_onnx(layer: BatchNorm, rank: int | None = None, *, allow_training: bool = False) -> Any:
    """An `onnx.ModelProto` that computes from `X` what `layer` now would: `Y`.

    X has `rank` axes, by default the fewest that the layer takes; all but the channels may have
    any length. The dtype is the layer's, float32 for one that holds nothing. With `allow_training`,
    a layer in training is exported, too; the model then has the outputs `running_mean` and
    `running_var` beside Y. ONNX's running variance is the biased one: that warns, unless the layer
    was made with bessel=False.

    Raises ValueError for a layer in training without that, for momentum=None in training, which
    ONNX does not have, for channels at another axis than 1, and for a rank that the layer does not
    take; ModuleNotFoundError without onnx.
    """
    onnx = imported_onnx()
    check_exportable(layer, allow_training)
    letters = layer.layouts.get(min(layer.layouts) if rank is None else rank)
    if letters is None:
        name, ranks = type(layer).__name__, " or ".join(map(str, layer.layouts))
        raise ValueError(f"to_onnx: {name} takes inputs of {ranks} axes, not of {rank}")
    if layer.track_running_stats:
        nodes, values, outputs = one_node(onnx, layer)
    else:
        nodes, values, outputs = decomposed(onnx, layer, len(letters))
    c = layer.num_features
    held = [t.dtype for t in layer.state_dict().values() if t.dtype.kind == "f"]
    dtype = held[0] if held else np.dtype("float32")
    kind = onnx.helper.np_dtype_to_tensor_dtype(dtype)

    def typed(name: str) -> Any:
        axes = letters if name in ("X", "Y") else "C"
        shape = [c if a == "C" else a for a in axes]
        return onnx.helper.make_tensor_value_info(name, kind, shape)

    graph = onnx.helper.make_graph(
        nodes,
        type(layer).__name__,
        [typed("X")],
        [typed(name) for name in outputs],
        [
            onnx.numpy_helper.from_array(v if v.dtype.kind == "i" else v.astype(dtype), name)
            for name, v in values.items()
        ],
    )
    opset = onnx.helper.make_opsetid("", OPSET)
    model = onnx.helper.make_model(
        graph, opset_imports=[opset], ir_version=IR_VERSION, producer_name="minigrad_bn"
    )
    onnx.checker.check_model(model)
    return model


def imported_onnx() -> Any:
    try:
        import onnx
        import onnx.checker
        import onnx.helper
        import onnx.numpy_helper
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            f"to_onnx: needs the package onnx ({error}); try: pip install 'minigrad[onnx]'"
        ) from error
    return onnx


def check_exportable(layer: BatchNorm, allow_training: bool) -> None:
    """Raise ValueError for what ONNX can't express, or should not by accident; warn of Bessel."""
    name = type(layer).__name__
    if layer.settings.channel_axis != 1:
        raise ValueError(
            f"to_onnx: this {name} has its channels at axis {layer.settings.channel_axis}, and "
            "ONNX at axis 1"
        )
    if not (layer.track_running_stats and layer.normalises_by_batch):
        return
    if not allow_training:
        raise ValueError(
            f"to_onnx: this {name} is in training, where it normalises by the batch; call eval() "
            "or freeze_stats() first, or pass allow_training=True"
        )
    if layer.momentum is None:
        raise ValueError("to_onnx: ONNX has no plain average of all batches, as by momentum=None")
    if layer.settings.bessel:
        warnings.warn(
            "to_onnx: in training, ONNX's running variance is the biased one, and this layer's is "
            "unbiased; a layer made with bessel=False is the same in both",
            stacklevel=3,
        )


Parts = tuple[list[Any], dict[str, Array], list[str]]
"""Nodes, constants and the names of the outputs."""


def one_node(onnx: Any, layer: BatchNorm) -> Parts:
    """A BatchNormalization node, which has to have a scale and a shift."""
    values = {
        "scale": host(layer.weight, np.ones(layer.num_features)),
        "B": host(layer.bias, np.zeros(layer.num_features)),
        "input_mean": host(layer.running_mean),
        "input_var": host(layer.running_var),
    }
    decay = layer.settings.decay
    trains = layer.normalises_by_batch
    outputs = ["Y", "running_mean", "running_var"] if trains else ["Y"]
    attributes = {} if decay is None else {"momentum": decay}
    node = onnx.helper.make_node(
        "BatchNormalization",
        ["X", *values],
        outputs,
        epsilon=layer.eps,
        training_mode=int(trains),
        **attributes,
    )
    return [node], values, outputs


def decomposed(onnx: Any, layer: BatchNorm, rank: int) -> Parts:
    """The mean, the variance and the quotient by the deviation."""
    values: dict[str, Array] = {
        "axes": np.asarray([0, *range(2, rank)]),
        "eps": np.asarray(layer.eps),
    }
    nodes: list[Any] = []

    def then(operation: str, *inputs: str, to: str) -> str:
        nodes.append(onnx.helper.make_node(operation, list(inputs), [to]))
        return to

    then("Sub", "X", then("ReduceMean", "X", "axes", to="mean"), to="centred")
    then("Mul", "centred", "centred", to="squared")
    then("Add", then("ReduceMean", "squared", "axes", to="var"), "eps", to="above_zero")
    y = then("Div", "centred", then("Sqrt", "above_zero", to="std"), to="x_hat")
    for name, operation, parameter in (("scale", "Mul", layer.weight), ("B", "Add", layer.bias)):
        if parameter is not None:
            values[name] = host(parameter).reshape(-1, *(1,) * (rank - 2))
            y = then(operation, y, name, to=f"with_{name}")
    then("Identity", y, to="Y")
    return nodes, values, ["Y"]


def host(x: Tensor | None, otherwise: Array | None = None) -> Array:
    """The values in host memory, or those that stand for None."""
    if x is None:
        assert otherwise is not None
        return otherwise
    return x.detach().numpy()
