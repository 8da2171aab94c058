"""Mistakes in the engine: accumulation, broadcasting, order, memory, higher orders, modes."""

from __future__ import annotations

from functools import partial

from ..mutant import Mutant, seeded

__all__ = ["engine"]

wrong = partial(seeded, "engine")

engine: tuple[Mutant, ...] = (
    *wrong(
        "minigrad.autograd.walk",
        (
            "cotangents overwrite instead of adding up",
            "gradient = cotangents[parent] + gradient",
            "pass",
        ),
        (
            "every gradient is un-broadcast, so that wrong rules fit",
            "if node.primitive.broadcasts and gradient.shape == g.shape:",
            "if True:",
        ),
        (
            "gradients keep the dtype they were computed in",
            "return xp.astype(gradient, x.dtype)",
            "return gradient",
        ),
        (
            "a real input among complex ones receives the imaginary part",
            "gradient = xp.real(gradient)",
            "gradient = xp.imag(gradient)",
        ),
        (
            "a graph is kept after it was differentiated, and goes through twice",
            "node.inputs = node.output = node.residuals = None",
            "pass",
        ),
        (
            "at second order, inputs are constants",
            "x = Tensor(x, device, parent)",
            "x = Tensor(x, device)",
        ),
        (
            "at second order, outputs are constants",
            "Tensor(node.output, device, node)",
            "Tensor(node.output, device)",
        ),
        (
            "at second order, residuals are constants",
            "residuals = Rebuilt(node, inputs) if node.primitive.residuals else ()",
            "residuals = [Tensor(r, device) for r in node.residuals or ()]",
        ),
        (
            "hooks of what is no leaf are ignored",
            "if node.hooks:",
            "if False:",
        ),
        (
            "hooks of leaves are ignored",
            "run_hooks(leaf, g, create_graph) if leaf.hooks else g",
            "g",
        ),
    ),
    *wrong(
        "minigrad.autograd.search",
        (
            "nodes are visited breadth first instead of in topological order",
            "nodes.sort(key=_index)",
            "nodes.reverse()",
        ),
        (
            "a leaf that got a new value is differentiated at the old one",
            "if leaf is not None and leaf.data is not inputs[i]:",
            "if False:",
        ),
        (
            "a gradient computed without create_graph counts as a constant",
            "if issubclass(kind, Barrier):",
            "if False:",
        ),
    ),
    *wrong(
        "minigrad.autograd.hooks",
        (
            "what a hook returns is ignored",
            "g = new if create_graph else new.data",
            "pass",
        ),
        (
            "hooks are given the array that flows on, not a copy",
            "Tensor(device.backend.copy(g), device)",
            "Tensor(g, device)",
        ),
    ),
    *wrong(
        "minigrad.autograd.graph",
        (
            "a leaf keeps the last gradient instead of the sum",
            "target.grad.data + g, {}",
            "g, {}",
        ),
        (
            "gradients share memory with one another",
            "elif id(array) in lent or backend.is_view(array):",
            "elif False:",
        ),
        (
            "of cotangents for one and the same output, the last counts",
            "cotangents[y.node] + g if y.node in cotangents else g",
            "g",
        ),
    ),
    *wrong(
        "minigrad.autograd.complex",
        (
            "complex gradients leave the walk without conjugation",
            "else device.backend.xp.conj(g)",
            "else g",
        ),
        (
            "recorded complex gradients leave the walk without conjugation",
            'namespace.conj(g) if g.dtype.kind == "c" else g',
            "g",
        ),
    ),
    *wrong(
        "minigrad.autograd.modes",
        (
            "a block without recording turns it on at its end, whatever was before",
            "self.flag.set(before)",
            "self.flag.set(True)",
        ),
    ),
    *wrong(
        "minigrad.autograd.checkpoint",
        (
            "a checkpoint draws other random numbers the second time",
            "for source, state in self.states.items():\n            source.load_state_dict(state)",
            "",
        ),
        (
            "a checkpoint updates the running statistics twice",
            "with no_state_update():",
            "if True:",
        ),
    ),
    *wrong(
        "minigrad.broadcasting",
        (
            "new axes are un-broadcast by their mean",
            "return xp.sum(g, axis=AXES[:lead])",
            "return xp.mean(g, axis=AXES[:lead])",
        ),
        (
            "axes of size 1 are un-broadcast by their mean",
            "g = xp.sum(g, axis=axes, keepdims=True) if axes else g",
            "g = xp.mean(g, axis=axes, keepdims=True) if axes else g",
        ),
        (
            "un-broadcasting is forgotten",
            "if given == shape or lead < 0:",
            "if True:",
        ),
        (
            "un-broadcasting sums over the last axes instead of the first",
            "if given[lead:] == shape:\n        return xp.sum(g, axis=AXES[:lead])",
            "if given[lead:] == shape:\n        return xp.reshape("
            "xp.sum(xp.reshape(g, (*shape, -1)), axis=-1), shape)",
        ),
    ),
    *wrong(
        "minigrad.rules",
        (
            "an output is forgotten although one of the rules reads it",
            "output = output or y in loaded",
            "output = y in loaded",
        ),
    ),
)
