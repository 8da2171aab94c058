"""docs/benchmarks.md, written from docs/benchmarks.json and nothing else."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

from .bounds import BOUNDS, Bound, loaded
from .tables import (
    Tables,
    amount,
    by_candidate,
    by_case,
    chain_tables,
    import_tables,
    markdown,
    memory_tables,
    overhead_tables,
)

__all__ = ["DATA", "FIGURE", "PAGE", "page", "read", "section"]

docs = Path(__file__).parents[2] / "docs"
DATA = docs / "benchmarks.json"
PAGE = docs / "benchmarks.md"
FIGURE = docs / "benchmarks.svg"

Result = dict[str, Any]

INTRODUCTION = """\
# Benchmarks

`python -m tests.benchmarks` prints the figures of this page on your machine,
`python -m tests.benchmarks NAME` those of one section, and `--write` makes the page:
[benchmarks.json](benchmarks.json), and from that the text and the figure. It needs
`pip install 'minigrad[bench]'`, and tinygrad a C compiler, clang. `minigrad bench` is the short
way, without the peers.

All candidates are first checked to compute the same. Then they take turns in one process, so that
a noisy moment hits them alike. Times are medians of up to {rounds} rounds, where a call takes long
of at least 7; ratios are the medians of the ratios of rounds, and in brackets stand their
quartiles. The percentage behind a time is half the distance between the quartiles. Each section is
measured in a process of its own, with as many threads for every library as it says; where
there are several, they are left time to go to sleep before the next candidate's turn, which begins
with 20 ms of calls that are not counted: right after a rest a step takes two to three times as
long as in a loop, whatever the library. Nothing here is asserted by a test.
"""


class Section(NamedTuple):
    """A part of the page: the name of a benchmark, a text, and what shows its figures."""

    title: str
    text: str
    tables: Tables


SECTIONS = {
    "batch_norm": Section(
        "Batch norm",
        """\
In training, float32, channels second: the output, the running statistics, and the gradients of
input, weight and bias. *NumPy alone* is minigrad without the kernels that numba compiles.
MyGrad and autograd keep no running statistics.""",
        by_case("shape", "PyTorch"),
    ),
    "cnn_step": Section(
        "A training step of a small CNN",
        """\
Two blocks of convolution 3x3, batch norm, ReLU and max pooling, with 16 and 32 channels, a
linear layer; cross-entropy, Adam; a batch of 64 images 28x28, float32.""",
        by_candidate("PyTorch"),
    ),
    "convolution": Section(
        "One convolution",
        """\
3x3, padding 1, float32: the output and the gradients of input and weight.""",
        by_case("size", "PyTorch"),
    ),
    "mlp_step": Section(
        "A training step of a very small net",
        """\
An MLP 2-16-16-1, batch 32, tanh, mean squared error, SGD, float32. The arrays are so small that
what is measured is the cost of the framework itself. *Tensors* means the update by hand. Its 11
operations and their rules, and the 12 of the update, cost 1 to 2 µs each besides NumPy's work, in
some sixty steps of Python's interpreter that nothing is left of when the step is captured.""",
        by_candidate("NumPy by hand", "PyTorch, nn and optim", "PyTorch, Tensors", "JAX jit"),
    ),
    "overhead": Section(
        "One operation",
        """\
Arrays of 8x8, float32, each operation recorded; and the same with the backward pass and the
gradients of its inputs. PyTorch's is eager. Softmax is five calls of NumPy's, which alone take as
long as PyTorch's whole operation. A loop compiled by numba would take a quarter of that, but numba
is imported only when a large array arrives, and whether it has been must not change a result.""",
        overhead_tables,
    ),
    "chain": Section(
        "Long chains",
        """\
Additions in a row, recorded and differentiated: the time of one, in a chain of 1,000 and of
100,000. minigrad's graphs have no cycles and do not need the cyclic garbage collector, but
CPython's collector goes through living objects all the same, and through all of them the more
often the more there are.""",
        chain_tables,
    ),
    "memory": Section(
        "Memory",
        """\
The peak of three training steps, each in a process of its own, parameters and data not counted:
20 layers (Linear and an activation, batch 4096, width 256, mean squared error, SGD), and the
CNN of above. An operation keeps what the rules for the inputs that require grad read, and lets
it go as soon as the walk has visited it. On NumPy a slice shares the memory of the whole, which
lives as long as the slice or a graph that remembers it: `mg.asarray(x[:10], copy=True)` is ten
elements and no more.""",
        memory_tables,
    ),
    "import_time": Section(
        "Import",
        """\
Over `import numpy`, in fresh processes, its bytecode cached. Layers, optimisers, data sets,
array libraries and kernels are imported when they are first used.""",
        import_tables,
    ),
}


def beside_a_neighbour(result: Result) -> str:
    """How much longer it takes while another process holds a core."""
    ratios: dict[str, list[float]] = {}
    for _, name, one in loaded(result):
        ratios.setdefault(name, []).append(one)
    if not ratios:
        return ""
    spans = [
        f"{name} {min(r):.2f}" + (f" to {max(r):.2f}" if len(r) > 1 else "")
        for name, r in ratios.items()
    ]
    return f"While another process holds a core, over the quiet time: {'; '.join(spans)}."


def left_out(result: Result) -> str:
    reasons = [f"{name} ({reason})" for name, reason in result.get("left out", {}).items()]
    return f"Left out: {', '.join(reasons)}." if reasons else ""


def section(name: str, result: Result) -> str:
    """The part of the page about one benchmark."""
    title, text, tables = SECTIONS[name]
    threads = result["threads"]
    paragraphs = [
        f"## {title}",
        f"{text} {'One thread' if threads == 1 else f'{threads} threads'}.",
        *map(markdown, tables(result)),
        beside_a_neighbour(result),
        left_out(result),
    ]
    return "\n\n".join(filter(None, paragraphs)) + "\n"


def bound_row(bound: Bound, found: Result) -> list[str]:
    try:
        value = bound.value(found)
    except (LookupError, ValueError):
        return [bound.work, f"{bound.most:g}{bound.unit}", "not measured", ""]
    verdict = "met" if value <= bound.most else "**missed**"
    return [bound.work, f"{bound.most:g}{bound.unit}", f"{amount(value)}{bound.unit}", verdict]


MISSED = """
What bounds those that are missed, on the machine of 2026-11-24:

- **Batch norm, (16, 16, 8, 8) and (256, 128).** Of 75 and 105 µs the compiled loops take 23 and 43;
  the rest is Python: checks, the graph, running statistics.
- **Batch norm, (4096, 512)**, takes 3 ms on one thread and on two. All columns are one tile, and to
  give each thread half of every row brought nothing; parts of the rows, whose sums are added in
  the end, have not been tried since a second thread begins within 5 µs. The other shapes take 0.4
  to 0.8 of PyTorch's time.
- **NumPy alone** gains nothing from a second thread, where PyTorch's batch norm gains 1.7 to 2.6
  times: a kernel of several calls needs Python's lock between them, a thread that waits for the
  lock sleeps, and to wake it takes 50 µs here. With `--threads 1` batch norm takes 1.45 of
  PyTorch's time, and the CNN step 1.20.
- **The captured CNN** varied from 0.49 to 0.69 between runs, as PyTorch's time does from 9 to 12 ms
  and ours from 5.7 to 6.5. Three quarters of it are compiled loops, the largest the two Winograd
  convolutions and the gradient by their weight.
- **The busy neighbour.** Threads that wait awake made a loop up to 16 times slower. Loops keep to
  one thread now while they lack a core: 2 times, and some per cent for trying again.
- **MLP with Tensors.** Of 84 µs, 28 are NumPy's calls, the rest is the interpreter; inlining what
  was left to inline saved nothing. `mg.capture` is the answer: 0.15 of PyTorch's time.
- **Softmax of 8x8.** NumPy's five calls take 2.7 µs, PyTorch's whole operation 2.3.
- **Memory of the CNN.** 0.98 in the run before this: our peak was 22.3 and 22.6 MiB, PyTorch's 20.5
  and 23. Kernels keep the memory of arrays that are gone, for the next of the same size: 4 MiB more
  at the peak, and a quarter less time in a new process.
"""


def page(data: Result) -> str:
    """The whole page, from what benchmarks.json holds."""
    machine, found = data["machine"], data["benchmarks"]
    versions = ", ".join(f"{name} {version}" for name, version in machine["versions"].items())
    rows = [bound_row(bound, found) for bound in BOUNDS]
    met = sum(row[-1] == "met" for row in rows)
    parts = [
        INTRODUCTION.format(rounds=data["rounds"]),
        f"Measured on {data['date']} on {machine['processor']}, {machine['cores']} cores, "
        f"{machine['system']}; load average before {machine['load']}.\n{versions}.\n",
        "![Times over PyTorch's](benchmarks.svg)\n",
        "## The bounds\n",
        f"What the project set out to reach, and what was measured: {met} of {len(rows)} are met.\n"
        "*Copying* moves five arrays through memory by all cores, as batch norm has to at least.\n",
        markdown([["work", "at most", "measured", ""], *rows]) + "\n" + MISSED,
        *(section(name, result) for name, result in found.items()),
    ]
    return "\n".join(parts)


def read(path: Path = DATA) -> Result:
    """What was measured."""
    data: Result = json.loads(path.read_text())
    return data
