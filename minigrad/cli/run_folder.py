"""What a training run leaves on disk.

The checkpoint is the only truth: one file, replaced whole after every epoch, that holds weights,
optimiser, schedule, random state and metrics. `metrics.jsonl` and `curve.png` are written from it,
so a kill between two writes leaves nothing that the next run doesn't put right.
"""

from __future__ import annotations

import json
from itertools import count
from pathlib import Path

from ..io import load, save, write_atomically
from .curve import draw_curve
from .errors import CommandError, reported
from .training import Training

__all__ = ["RunFolder", "default_folder"]


class RunFolder:
    """A folder with `checkpoint.safetensors`, `metrics.jsonl` and `curve.png`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.checkpoint = path / "checkpoint.safetensors"

    def open(self, resume: bool) -> None:
        """Make the folder. Raises CommandError if it holds a run that is not to be continued."""
        if self.checkpoint.exists() and not resume:
            raise CommandError(
                f"{self.path} holds a run; --resume continues it, --out names another folder"
            )
        with reported(OSError, prefix="--out: "):
            self.path.mkdir(parents=True, exist_ok=True)
            for abandoned in self.path.glob(".*.tmp"):
                abandoned.unlink()

    def restore(self, training: Training) -> bool:
        """Bring `training` to the last epoch that was completed; False if none was.

        Raises CommandError for a checkpoint that is unreadable, foreign, or of another run.
        """
        if not self.checkpoint.exists():
            return False
        with reported(ValueError, OSError, prefix="--resume: "):
            state = load(self.checkpoint)
        foreign = f"--resume: {self.checkpoint} is no checkpoint of `minigrad train`: "
        with reported(KeyError, RuntimeError, TypeError, ValueError, prefix=foreign):
            training.load_state_dict(state)
        return True

    def commit(self, training: Training) -> None:
        """Keep the epoch that `training` has just completed."""
        with reported(OSError, prefix="--out: "):
            save(self.checkpoint, training.state_dict())
            self.write_metrics(training)

    def write_metrics(self, training: Training) -> None:
        """Write one line of JSON an epoch."""
        lines = "".join(json.dumps(row) + "\n" for row in training.metrics)
        write_atomically(self.path / "metrics.jsonl", lines.encode())

    def finish(self, training: Training) -> None:
        """Write the metrics and draw their curve, once the training is over."""
        # The metrics again: a kill may have come between the last checkpoint and them.
        with reported(OSError, prefix="--out: "):
            self.write_metrics(training)
            write_atomically(self.path / "curve.png", draw_curve(training.metrics))


def default_folder(stem: str, resume: bool) -> Path:
    """The first free one of runs/STEM, runs/STEM-2, …; to resume, the last that is there."""
    last = path = Path("runs") / stem
    for n in count(2):
        if not path.exists():
            break
        last, path = path, path.with_name(f"{stem}-{n}")
    return last if resume else path
