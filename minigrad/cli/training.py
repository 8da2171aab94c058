"""A training run that can be stopped and continued: all its state, and the epochs that move it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from time import perf_counter
from typing import Any

import minigrad as mg

from .. import nn, optim
from ..data import DataLoader, TensorDataset
from ..nn import functional as F
from .errors import CommandError
from .models import build
from .samples import Samples
from .settings import Settings

__all__ = ["Training", "evaluate"]


class Training:
    """The net, its optimiser and schedule, and the metrics of the epochs so far.

    Everything random draws from minigrad's default generator, restarted here from the seed: the
    initial weights, then the order of the samples.
    """

    def __init__(self, settings: Settings, samples: Samples) -> None:
        self.settings = settings
        self.samples = samples
        self.generator = mg.random.manual_seed(settings.seed)
        # A last batch that is smaller would weigh its samples more, and batch normalisation can't
        # do with one sample. Samples are shuffled, so others are left out the next time.
        self.loader = DataLoader(
            samples.train,
            settings.batch_size,
            shuffle=True,
            drop_last=True,
            generator=self.generator,
        )
        self.refuse_batches()
        self.model = build(settings.model, settings.norm, samples.shape, samples.classes)
        self.optimizer = make_optimizer(self.model, settings)
        self.scheduler = optim.lr_scheduler.CosineAnnealingLR(
            self.optimizer, T_max=settings.epochs * len(self.loader)
        )
        self.metrics: list[dict[str, Any]] = []

    def refuse_batches(self) -> None:
        """Raise CommandError for a batch size that the samples or the net can't do with."""
        size, n = self.settings.batch_size, len(self.samples.train)
        if size > n:
            raise CommandError(f"--batch-size is {size}, but there are {n} samples to train on")
        if size == 1 and self.settings.norm == "batch":
            raise CommandError(
                "--batch-size is 1, but batch normalisation compares the samples of a batch: "
                "use --batch-size 2 or more, or --norm layer"
            )

    def run_epoch(self, on_batch: Callable[[float, int], None]) -> dict[str, Any]:
        """Train on every batch once, and measure. `on_batch` gets each batch's loss and size."""
        start = perf_counter()
        learning_rate = self.optimizer.param_groups[0]["lr"]
        self.model.train()
        total = 0.0
        for x, y in self.loader:
            loss = F.cross_entropy(self.model(x), y)
            self.optimizer.zero_grad()
            loss.backward()
            self.optimizer.step()
            self.scheduler.step()
            batch_loss = loss.item()
            total += batch_loss
            on_batch(batch_loss, len(y))
        test_loss, test_accuracy = evaluate(self.model, self.samples.test)
        self.metrics.append(
            {
                "epoch": len(self.metrics) + 1,
                "train_loss": total / len(self.loader),
                "test_loss": test_loss,
                "test_accuracy": test_accuracy,
                "lr": learning_rate,
                "seconds": round(perf_counter() - start, 3),
            }
        )
        return self.metrics[-1]

    def state_dict(self) -> dict[str, Any]:
        """All that the epochs to come depend on."""
        return {
            "settings": asdict(self.settings),
            "metrics": self.metrics,
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "scheduler": self.scheduler.state_dict(),
            "generator": self.generator.state_dict(),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue where the run that `state` came from stood; CommandError for another's state."""
        self.settings.refuse_others(state["settings"])
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.scheduler.load_state_dict(state["scheduler"])
        self.generator.load_state_dict(state["generator"])
        self.metrics = state["metrics"]


def make_optimizer(model: nn.Module, settings: Settings) -> optim.Optimizer:
    """The optimiser that the settings name, over the model's parameters."""
    match settings.optimizer:
        case "sgd":
            return optim.SGD(model.parameters(), lr=settings.lr, momentum=0.9, nesterov=True)
        case "adam":
            return optim.Adam(model.parameters(), lr=settings.lr)
        case "adamw":
            return optim.AdamW(model.parameters(), lr=settings.lr)
        case "rmsprop":
            return optim.RMSprop(model.parameters(), lr=settings.lr)


@mg.no_grad()
def evaluate(model: nn.Module, dataset: TensorDataset) -> tuple[float, float]:
    """The mean loss, and the part of the samples whose class has the highest score."""
    model.eval()
    loss, right = 0.0, 0
    for x, y in DataLoader(dataset, batch_size=512):
        scores = model(x)
        loss += F.cross_entropy(scores, y, reduction="sum").item()
        right += int(mg.count_nonzero(mg.argmax(scores, axis=1) == y))
    return loss / len(dataset), right / len(dataset)
