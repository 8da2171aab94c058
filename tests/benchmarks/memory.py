"""Peak memory of a training step of 20 layers: batch 4096, width 256, float32, each in a process.

What is counted is by how much the largest resident size of the process exceeds what it was before
the step, parameters and data made, everything imported and used once at a small size. Linux keeps
that number, of this program alone: `getrusage` would begin with what the parent process had.
"""

from __future__ import annotations

import subprocess
import sys

__all__ = ["peak_megabytes"]

LAYERS, BATCH, WIDTH = 20, 4096, 256

STEP = """
import sys
import numpy as np

library, activation = sys.argv[1:]
if library == "minigrad":
    import minigrad as mg
    from minigrad import nn, optim
    tensor = mg.tensor
else:
    import torch
    from torch import nn, optim
    torch.set_num_threads(1)
    tensor = torch.tensor

def peak():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))

def step(layers, batch, width):
    modules = [(nn.Linear(width, width), getattr(nn, activation)()) for _ in range(layers)]
    model = nn.Sequential(*(m for pair in modules for m in pair))
    optimizer = optim.SGD(model.parameters(), lr=0.01)
    rng = np.random.default_rng(0)
    x, t = (tensor(rng.standard_normal((batch, width), "float32")) for _ in range(2))
    before = peak()
    optimizer.zero_grad()
    nn.functional.mse_loss(model(x), t).backward()
    optimizer.step()
    return peak() - before

step({layers}, 8, 8)
print(step({layers}, {batch}, {width}) / 1024)
"""


def peak_megabytes(library: str, activation: str) -> float:
    """How much memory a step takes at its peak, with `"minigrad"` or with `"torch"`."""
    code = STEP.format(layers=LAYERS, batch=BATCH, width=WIDTH)
    run = [sys.executable, "-c", code, library, activation]
    return float(subprocess.check_output(run))
