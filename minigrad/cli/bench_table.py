"""What `minigrad bench` shows: the machine, a row for each candidate, the kernels that ran."""

from __future__ import annotations

from typing import Any

from rich.console import Console

__all__ = ["BenchTable"]

WIDTHS = (32, 24, 11, 7)
HEADS = ("work", "with", "time", "spread", "over PyTorch")


class BenchTable:
    """Writes rows to the terminal as they become known."""

    def __init__(self) -> None:
        self.console = Console(highlight=False, soft_wrap=True)

    def say(self, text: str, style: str = "") -> None:
        """Write a line."""
        self.console.print(text.rstrip(), markup=False, style=style)

    def begin(self, machine: dict[str, Any], remarks: list[str]) -> None:
        """Write where it is measured, what is missing, and the heads of the columns."""
        versions = ", ".join(f"{name} {version}" for name, version in machine["versions"].items())
        self.say(f"{machine['processor']}, {machine['cores']} cores, {machine['system']}")
        self.say(f"{versions}; device {machine['device']}, threads {machine['threads']}")
        if machine["load"] is not None:
            self.say(f"load average before {machine['load']}")
        for remark in remarks:
            self.say(remark)
        self.row(HEADS, style="bold")

    def add(self, case: str, candidates: dict[str, Any]) -> None:
        """Write what was found of a case."""
        for name, one in candidates.items():
            ratios = " ".join(f"{over['median']:.2f}" for over in one["over"].values())
            self.row((case, name, shown(one["median"]), f"±{one['spread']:.0%}", ratios))
            case = ""

    def row(self, cells: tuple[str, ...], style: str = "") -> None:
        """Write a line of the table."""
        padded = [f"{cell:{width}}" for cell, width in zip(cells, WIDTHS, strict=False)]
        self.say("  ".join([*padded, *cells[len(WIDTHS) :]]), style)

    def end(self, kernels: list[str]) -> None:
        """Write which fused kernels ran."""
        self.say(f"kernels that ran: {', '.join(kernels) or 'none'}")


def shown(microseconds: float) -> str:
    if microseconds < 1e3:
        return f"{microseconds:.3g} µs"
    return f"{microseconds / 1e3:.3g} ms"
