"""The mutation score: mistakes are seeded as the catalogue says, and tests catch them or don't."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from minigrad.testing.mutation import Mutant, catalogue, mutation_score

cosine = next(m for m in catalogue if "cosine" in m.name)
accumulate = next(m for m in catalogue if "overwrite" in m.name)

careful = """
import numpy as np
import minigrad as mg
from minigrad.testing import check_grads
def test_careful():
    check_grads(mg.cos, np.array([0.3, 1.2]))
    check_grads(lambda x: x * x, np.array([0.3, 1.2]))
"""
careless = """
import minigrad as mg
def test_careless():
    x = mg.tensor([0.0], requires_grad=True)
    mg.cos(x).backward()
    assert x.grad.tolist() == [0.0]
"""


@pytest.fixture
def written(tmp_path: Path) -> Any:
    def write(text: str) -> Path:
        path = tmp_path / "test_theirs.py"
        path.write_text(text)
        return path

    return write


def test_careful_tests_kill_what_careless_ones_let_live(written: Any) -> None:
    assert mutation_score(written(careful), [cosine, accumulate], jobs=2).value == 1.0
    score = mutation_score(written(careless), [cosine, accumulate], jobs=2)
    assert score.value == 0.0
    assert str(score).startswith("0 of 2 mutants killed\nsurvived: operations: the derivative of")


def test_a_score_of_nothing_is_an_error_that_says_so(written: Any) -> None:
    with pytest.raises(ValueError, match="no mutants"):
        mutation_score(written(careful), [])
    with pytest.raises(ValueError, match="collects no test"):
        mutation_score(written("x = 1"), [cosine])
    with pytest.raises(RuntimeError, match="the tests fail without a mutant"):
        mutation_score(written("def test_no(): assert False"), [cosine])


def test_a_mutant_of_a_program_that_has_changed_is_an_error_that_names_it() -> None:
    gone = Mutant("engine", "gone", "minigrad.tensor", "no such text", "")
    with pytest.raises(ValueError, match=r"occurs 0 times in minigrad\.tensor"):
        gone.source()
    with pytest.raises(ModuleNotFoundError, match="no module"):
        Mutant("engine", "gone", "minigrad.nowhere", "", "").source()


@pytest.mark.parametrize("mutant", catalogue, ids=str)
def test_every_mutant_of_the_catalogue_can_be_seeded(mutant: Mutant) -> None:
    compile(mutant.source(), mutant.module, "exec")
