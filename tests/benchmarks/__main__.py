"""Print the table of figures: `python -m tests.benchmarks`."""

from __future__ import annotations

import statistics

from .chain import cost_per_operation
from .import_time import import_milliseconds
from .measure import interleaved, machine
from .memory import peak_megabytes
from .mlp_step import steps
from .overhead import geometric_mean, overheads


def main() -> None:
    """Measure everything, and print each figure with the way it was got."""
    print(machine())
    print("\nMLP 2-16-16-1, batch 32, tanh, MSE, SGD, float32: one training step")
    times = interleaved(steps())
    by_hand = times["NumPy by hand"]
    for name, timing in times.items():
        torch = times.get("PyTorch nn, optim" if "nn" in name else "PyTorch")
        ratio = f", {timing.over(torch):.2f}x PyTorch's" if torch is not None else ""
        print(
            f"  {name:18} {timing.median:7.1f} us (+-{timing.spread:4.0%}): "
            f"{timing.over(by_hand):.2f}x NumPy by hand{ratio}"
        )

    print("\nA chain of additions, forward and backward: microseconds an operation")
    for collector in (False, True):
        pairs = [
            (cost_per_operation(1_000, collector), cost_per_operation(100_000, collector))
            for _ in range(7)
        ]
        short, long = (statistics.median(costs) for costs in zip(*pairs, strict=True))
        ratio = statistics.median(b / a for a, b in pairs)
        state = "on " if collector else "off"
        print(
            f"  cyclic collector {state}: {short:.2f} in a chain of 1,000, "
            f"{long:.2f} in one of 100,000: {ratio:.2f}x"
        )

    print("\nOne operation on 8x8, float32: microseconds, and the ratio to PyTorch's")
    forward, backward = [], []
    for name, (us, them, us_back, them_back) in overheads().items():
        forward.append(us.over(them))
        backward.append(us_back.over(them_back))
        print(
            f"  {name:9} forward {us.median:5.2f}, {forward[-1]:.2f}x; "
            f"with backward {us_back.median:5.2f}, {backward[-1]:.2f}x"
        )
    print(
        f"  geometric mean: forward {geometric_mean(forward):.2f}x, "
        f"with backward {geometric_mean(backward):.2f}x"
    )

    print("\nPeak memory of a step of 20 layers, batch 4096, width 256, float32")
    for activation in ("ReLU", "Tanh"):
        ours, theirs = (peak_megabytes(library, activation) for library in ("minigrad", "torch"))
        print(f"  {activation}: {ours:.0f} MiB, PyTorch {theirs:.0f} MiB: {ours / theirs:.2f}x")

    print(f"\nimport minigrad: {import_milliseconds():.1f} ms over import numpy")


if __name__ == "__main__":
    main()
