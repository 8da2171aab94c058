"""`minigrad bench`: how long the work of a net takes on this machine, beside PyTorch."""

from __future__ import annotations

import json
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import minigrad as mg

from ..backends import use_kernels
from ..bench import REST, Effort, Library, figures, machine, measured, minigrad, pytorch
from ..bench.suite import suite
from ..bench.threads import use_threads
from ..io import write_atomically
from .bench_table import BenchTable
from .errors import CommandError, reported

__all__ = ["bench"]


def bench(
    device: mg.Device,
    *,
    rounds: int,
    threads: int,
    kernels: str,
    json_file: Path | None,
    tiny: bool = False,
) -> None:
    """Measure the short suite, print each row when it is known, and write all of them as JSON."""
    for option, value in (("--rounds", rounds), ("--threads", threads)):
        if value < 1:
            raise CommandError(f"{option} is {value}, expected at least 1")
    if json_file is not None and not json_file.resolve().parent.is_dir():
        raise CommandError(f"--json: there is no folder {json_file.resolve().parent}")
    remarks: list[str] = []
    which = usable_kernels(kernels, remarks)
    libraries = libraries_on(device, remarks)
    where = machine("torch") | {"device": device.name, "threads": threads}
    table = BenchTable()
    table.begin(where, remarks)
    cases: dict[str, Any] = {}
    with use_kernels(which) as ran:
        for case, small in suite(libraries, tiny=tiny):
            used = 1 if small else threads
            effort = Effort(rounds=rounds, seconds=3.0, rest=REST if used > 1 else 0.0)
            with use_threads(used):
                series = measured(case, effort)
            cases[case.name] = figures(series, ["PyTorch", "PyTorch, nn and optim"])
            table.add(case.name, cases[case.name])
    table.end(sorted(ran))
    if json_file is not None:
        report = {"machine": where, "kernels": sorted(ran), "unit": "µs", "cases": cases}
        text = json.dumps(report, indent=1, ensure_ascii=False) + "\n"
        with reported(OSError, prefix="--json: "):
            write_atomically(json_file, text.encode())


def usable_kernels(kernels: str, remarks: list[str]) -> str:
    """What `--kernels` allows here. Without numba, its kernels are refused if asked for by name."""
    with reported(ValueError, prefix="--kernels: "), use_kernels(kernels):
        pass
    if find_spec("numba") is None:
        hint = "numba is not installed; try: pip install 'minigrad[fast]'"
        if "numba" in kernels.split(","):
            raise CommandError(f"--kernels {kernels}: {hint}")
        if kernels == "all":
            remarks.append(f"without compiled kernels: {hint}")
            return "numpy,cupy"
    return kernels


def libraries_on(device: mg.Device, remarks: list[str]) -> list[Library]:
    """minigrad on the device, and PyTorch where it is installed and has such a device."""
    try:
        return [minigrad(device), pytorch(device)]
    except (ImportError, RuntimeError, AssertionError) as error:
        reason = str(error).partition("\n")[0]
        remarks.append(f"without PyTorch: {reason}")
        return [minigrad(device)]
