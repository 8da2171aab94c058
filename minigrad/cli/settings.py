"""What a training run is told: the options that its outcome depends on, checked."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any, Literal

from .errors import CommandError

__all__ = ["Model", "Norm", "Optimizer", "Settings"]

Model = Literal["mlp", "cnn"]
Norm = Literal["batch", "layer", "none"]
Optimizer = Literal["sgd", "adam", "adamw", "rmsprop"]

learning_rates = {"sgd": 0.05, "adam": 0.003, "adamw": 0.003, "rmsprop": 0.001}


@dataclass(frozen=True)
class Settings:
    """The options of `minigrad train`. Two runs with equal settings end with equal weights."""

    data: str
    model: Model
    norm: Norm
    device: str
    epochs: int
    batch_size: int
    lr: float
    optimizer: Optimizer
    seed: int
    threads: int

    @classmethod
    def checked(cls, *, lr: float | None, **options: Any) -> Settings:
        """Settings of these options; `lr` None becomes the optimiser's own default.

        Raises CommandError, naming the option, for a number out of range.
        """
        settings = cls(lr=learning_rates[options["optimizer"]] if lr is None else lr, **options)
        for option, value, least in (
            ("--epochs", settings.epochs, 1),
            ("--batch-size", settings.batch_size, 1),
            ("--seed", settings.seed, 0),
            ("--threads", settings.threads, 1),
        ):
            if value < least:
                raise CommandError(f"{option} is {value}, expected at least {least}")
        if not 0 < settings.lr < math.inf:
            raise CommandError(f"--lr is {settings.lr}, expected a finite number above 0")
        return settings

    def refuse_others(self, saved: dict[str, Any]) -> None:
        """Raise CommandError if a checkpoint's settings are not these, naming those that differ."""
        mine = asdict(self)
        differing = [
            f"--{name.replace('_', '-')} was {saved.get(name)}, is {mine[name]}"
            for name in mine
            if saved.get(name) != mine[name]
        ]
        if differing:
            raise CommandError(
                f"--resume: the checkpoint was made with other settings: {'; '.join(differing)}"
            )
