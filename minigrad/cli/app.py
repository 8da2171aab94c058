"""The commands and their options."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from .errors import CommandError
from .settings import Model, Norm, Optimizer, Settings

__all__ = ["run"]

app = typer.Typer(
    help="Automatic differentiation on any array library.",
    add_completion=False,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
)


@app.command()
def train(
    data: Annotated[
        str, typer.Option(help="digits, moons, spirals, or a file FILE.npz.")
    ] = "digits",
    model: Annotated[Model, typer.Option(help="The net.")] = "cnn",
    norm: Annotated[Norm, typer.Option(help="The normalisation after each layer.")] = "batch",
    backend: Annotated[str | None, typer.Option(help="An array library: numpy, cupy, …")] = None,
    device: Annotated[str | None, typer.Option(help="A device: cpu, cuda, cuda:1, …")] = None,
    epochs: Annotated[int, typer.Option(help="How often to go through the samples.")] = 12,
    batch_size: Annotated[int, typer.Option(help="Samples a step.")] = 32,
    lr: Annotated[
        float | None, typer.Option(help="The learning rate; by default what suits the optimiser.")
    ] = None,
    optimizer: Annotated[Optimizer, typer.Option(help="How to follow the gradient.")] = "adam",
    seed: Annotated[int, typer.Option(help="Where the random numbers start.")] = 0,
    threads: Annotated[
        int,
        typer.Option(help="Threads of a matrix product on the CPU; one is best for small nets."),
    ] = 1,
    out: Annotated[
        Path | None, typer.Option(help="The folder for the results; by default one in runs/.")
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Continue the run in that folder.")
    ] = False,
) -> None:
    """Train a net to classify, and print its test accuracy.

    The folder gets checkpoint.safetensors, metrics.jsonl and curve.png. A run that was stopped at
    any moment ends, with --resume, with the weights it would have had.
    """
    from .train import choose_device, train

    settings = Settings.checked(
        data=data,
        model=model,
        norm=norm,
        device=choose_device(backend, device).name,
        epochs=epochs,
        batch_size=batch_size,
        lr=lr,
        optimizer=optimizer,
        seed=seed,
        threads=threads,
    )
    train(settings, out, resume)


@app.command()
def backends() -> None:
    """List the array libraries that minigrad knows: which work here, and what the others need."""
    from .list_backends import list_backends

    list_backends()


@app.command()
def check(
    backend: Annotated[str, typer.Argument(help="numpy, strict, …, or package.module:function.")],
    examples: Annotated[int, typer.Option(help="Calls to try of each operation.")] = 3,
    json: Annotated[Path | None, typer.Option(help="A file for the report as JSON.")] = None,
) -> None:
    """Grade a backend: its names, dtypes and devices, every rule on it, hidden copies, training.

    What passes is counted, what does not is listed with the reason; the exit status is 1 if
    something fails. Needs the packages of the extra test.
    """
    from .check import check

    raise typer.Exit(check(backend, examples, json))


@app.command()
def bench(
    device: Annotated[str | None, typer.Option(help="A device: cpu, cuda, strict, …")] = None,
    rounds: Annotated[int, typer.Option(help="Turns of each candidate, at most.")] = 20,
    threads: Annotated[
        int | None, typer.Option(help="Threads of everything; one for each core by default.")
    ] = None,
    kernels: Annotated[
        str,
        typer.Option(
            envvar="MINIGRAD_KERNELS", help="Fused kernels: all, none, or libraries: numpy,numba."
        ),
    ] = "all",
    json: Annotated[Path | None, typer.Option(help="A file for the figures as JSON.")] = None,
    tiny: Annotated[
        bool, typer.Option("--tiny", help="Small sizes: quick, and the figures mean little.")
    ] = False,
) -> None:
    """Measure batch norm, training steps, and one operation, beside PyTorch if it is installed.

    All candidates are checked to compute the same, and take turns. Medians, half the distance
    between the quartiles, and the median of the ratios to PyTorch's time (its nn and optim's).
    """
    from .bench import bench
    from .train import choose_device

    bench(
        choose_device(None, device),
        rounds=rounds,
        threads=(os.cpu_count() or 1) if threads is None else threads,
        kernels=kernels,
        json_file=json,
        tiny=tiny,
    )


def run(args: Sequence[str] | None = None) -> int:
    """Run a command, of the program's own arguments by default; its exit status."""
    args = sys.argv[1:] if args is None else args
    try:
        status = app(args=args or ["--help"], prog_name="minigrad", standalone_mode=False)
    except CommandError as error:
        print(f"minigrad: {error}", file=sys.stderr)
        return 2
    except typer.TyperException as error:
        print(f"minigrad: {error.format_message()}", file=sys.stderr)
        return error.exit_code
    return status or 0
