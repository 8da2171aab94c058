"""`minigrad train`: from options to a trained net in a folder."""

from __future__ import annotations

import math
from pathlib import Path

from threadpoolctl import threadpool_limits

import minigrad as mg

from .. import backends
from .errors import CommandError, reported
from .report import Report
from .run_folder import RunFolder, default_folder
from .samples import load_samples
from .settings import Settings
from .training import Training

__all__ = ["choose_device", "train"]


def choose_device(backend: str | None, device: str | None) -> mg.Device:
    """The device that `--backend` and `--device` name. Raises CommandError if it can't be used."""
    with reported(ValueError, RuntimeError):
        if backend is None:
            return backends.current_device() if device is None else backends.device(device)
        library = backends.get(backend)
        chosen: mg.Device = library.default_device() if device is None else backends.device(device)
    if chosen.backend is not library:
        raise CommandError(
            f"--device {device} is {chosen.backend.name}'s, not --backend {backend}'s"
        )
    return chosen


def train(settings: Settings, out: Path | None, resume: bool) -> float:
    """Train from the beginning, or the last checkpoint, to the last epoch; the test accuracy."""
    report = Report()
    # How many threads share a product decides how its sum is rounded, so this is a setting, and not
    # left to how many cores a machine happens to have.
    with backends.device(settings.device), threadpool_limits(settings.threads):
        training = Training(settings, load_samples(settings.data, settings.seed))
        stem = f"{Path(settings.data).stem}-{settings.model}-{settings.norm}"
        folder = RunFolder(out or default_folder(stem, resume))
        folder.open(resume)
        resumed = resume and folder.restore(training)
        report.say(f"{describe(training)}; results in {folder.path}")
        if resume and not resumed:
            report.say("no epoch was completed yet: training from the beginning")
        report.header()
        for row in training.metrics:
            report.row(row)
        try:
            while len(training.metrics) < settings.epochs:
                run_epoch(training, folder, report)
        except KeyboardInterrupt:
            report.say("stopped; the same command with --resume continues")
            raise
        folder.finish(training)
    accuracy: float = training.metrics[-1]["test_accuracy"]
    report.say(f"test accuracy: {accuracy:.4f}")
    return accuracy


def run_epoch(training: Training, folder: RunFolder, report: Report) -> None:
    """One more epoch: trained, shown, and kept."""
    batches = training.loader
    with report.progress(len(training.metrics) + 1, len(batches) * batches.batch_size) as on_batch:
        row = training.run_epoch(on_batch)
    if not math.isfinite(row["train_loss"]):
        raise CommandError(
            f"the loss became {row['train_loss']} in epoch {row['epoch']}: use a smaller --lr"
        )
    folder.commit(training)
    report.row(row)


def describe(training: Training) -> str:
    """The run in a line."""
    s = training.settings
    parameters = sum(p.size for p in training.model.parameters())
    return (
        f"{s.model} with {parameters:,} parameters, norm {s.norm}, on {s.data} "
        f"({len(training.samples.train):,} samples), {s.device}, seed {s.seed}"
    )
