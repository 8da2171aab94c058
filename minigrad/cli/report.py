"""What `minigrad train` shows while it works: a bar for the batches, a table row an epoch."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

__all__ = ["Report"]

columns = {
    "epoch": ("epoch", "{:>5}"),
    "train_loss": ("train loss", "{:>10.4f}"),
    "test_loss": ("test loss", "{:>9.4f}"),
    "test_accuracy": ("test accuracy", "{:>13.4f}"),
    "lr": ("learning rate", "{:>13.2e}"),
    "seconds": ("seconds", "{:>7.2f}"),
}


class Report:
    """Writes to the terminal; where there is none, the rows alone."""

    def __init__(self) -> None:
        self.console = Console(highlight=False, soft_wrap=True)

    def say(self, text: str) -> None:
        """Write a line."""
        self.console.print(text, markup=False)

    def header(self) -> None:
        """Write the names of the columns."""
        self.say("  ".join(name for name, _ in columns.values()))

    def row(self, metrics: dict[str, Any]) -> None:
        """Write an epoch's metrics."""
        self.say("  ".join(form.format(metrics[key]) for key, (_, form) in columns.items()))

    @contextmanager
    def progress(self, epoch: int, samples: int) -> Iterator[Callable[[float, int], None]]:
        """A bar for one epoch, gone when it ends; the function given moves it on by a batch."""
        bar = Progress(
            TextColumn("epoch {task.description}"),
            BarColumn(),
            TaskProgressColumn(),
            TextColumn("loss {task.fields[loss]:.4f}"),
            TextColumn("{task.fields[rate]:,.0f} samples/s"),
            console=self.console,
            transient=True,
            disable=not self.console.is_terminal,
        )
        with bar:
            task = bar.add_task(str(epoch), total=samples, loss=0.0, rate=0.0)

            def on_batch(loss: float, n: int) -> None:
                bar.update(task, advance=n, loss=loss, rate=bar.tasks[task].speed or 0.0)

            yield on_batch
