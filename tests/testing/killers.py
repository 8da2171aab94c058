"""Which of our own tests are to catch the mistakes of each family: few, for it to take minutes."""

from __future__ import annotations

operation = "tests/primitives/test_operations.py::TestOperations::test_"

killers = {
    "engine": ["tests/engine"],
    "operations": [
        "tests/primitives/test_subgradients.py",
        "tests/special/test_edges.py",
        operation + "gradient_equals_finite_differences",
        operation + "gradient_equals_pytorchs",
    ],
    "linear algebra": [
        "tests/engine/test_assignment.py",
        operation + "gradient_equals_finite_differences",
        operation + "gradient_equals_pytorchs",
    ],
    "nets": ["tests/nn", "tests/optim"],
    "batch norm": [
        f"tests/bn/test_{name}.py"
        for name in (
            "any_form",
            "batch_norm",
            "core",
            "freezing",
            "mask",
            "mask_state",
            "running_statistics",
            "settings",
        )
    ],
}
