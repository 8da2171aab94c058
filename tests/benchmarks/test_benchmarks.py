"""The benchmarks run, on small sizes; and the page in docs is what its figures say."""

from __future__ import annotations

from pathlib import Path

import pytest

from minigrad.bench import Effort

from .bounds import BOUNDS
from .page import PAGE, page, read, section
from .plot import draw
from .running import BENCHMARKS, in_process_of_its_own, run

TINY = Effort(rounds=1, turn=0, seconds=0, tiny=True)


@pytest.mark.parametrize("name", BENCHMARKS)
def test_a_benchmark_runs_and_has_a_section(name: str) -> None:
    result = run(name, TINY)
    assert result["cases"]
    for case in result["cases"].values():
        assert all(one["median"] > 0 for one in case.values())
    assert "\n| --- |" in section(name, result)


def test_a_benchmark_runs_in_a_process_of_its_own_and_beside_a_neighbour() -> None:
    result = in_process_of_its_own("cnn_step", TINY, loaded=True, threads=1)
    (case,) = result["cases"].values()
    assert case["minigrad"]["loaded"] > 0
    assert "While another process holds a core" in section("cnn_step", result)


def test_the_page_is_what_its_figures_say() -> None:
    assert PAGE.read_text() == page(read())


def test_every_bound_can_be_read_off_the_figures() -> None:
    found = read()["benchmarks"]
    assert found.keys() == set(BENCHMARKS)
    assert all(bound.value(found) > 0 for bound in BOUNDS)


def test_a_missed_bound_is_said_to_be_missed_and_what_was_not_measured_too() -> None:
    data = read()
    data["benchmarks"]["import_time"]["cases"]["import"]["minigrad"]["median"] = 41.0
    del data["benchmarks"]["memory"]
    text = page(data)
    assert "| `import minigrad` over `import numpy` | 40 ms | 41 ms | **missed** |" in text
    assert "| Peak memory of the CNN step | 1x PyTorch | not measured |" in text


def test_the_figure_is_the_same_from_the_same_figures(tmp_path: Path) -> None:
    paths = tmp_path / "one.svg", tmp_path / "two.svg"
    for path in paths:
        draw(read(), path)
    assert paths[0].read_bytes() == paths[1].read_bytes()
