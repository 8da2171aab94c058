"""The mutation score: mistakes are seeded as the catalogue says, and tests catch them or don't.

Whether our own suite catches every one takes some minutes to find out, and is tried by

    pytest tests/testing/test_mutation.py --minigrad-profile=nightly -rP
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from minigrad.testing.mutation import (
    Mutant,
    Score,
    Trial,
    catalogue,
    families,
    mutation_score,
    of_families,
)
from minigrad.testing.mutation.__main__ import main

from .killers import killers

root = Path(__file__).parents[2]
cosine = next(m for m in catalogue if "cosine" in m.name)
accumulate = next(m for m in catalogue if "overwrite" in m.name)
variance = next(m for m in catalogue if m.name == "the variance is treated as a constant")

careful = """
import numpy as np
import minigrad as mg
from minigrad.testing import check_grads
from minigrad_bn import BatchNorm1d
def test_careful():
    check_grads(mg.cos, np.array([0.3, 1.2]))
    check_grads(lambda x: x * x, np.array([0.3, 1.2]))
    layer = BatchNorm1d(1, dtype=mg.float64)
    check_grads(layer, np.array([[0.3], [1.2], [2.0]]), order=1)
"""
careless = """
import minigrad as mg
from minigrad_bn import BatchNorm1d
def test_careless():
    x = mg.tensor([0.0], requires_grad=True)
    mg.cos(x).backward()
    assert x.grad.tolist() == [0.0]
    x = mg.tensor([[0.3], [1.2], [2.0]], requires_grad=True)
    BatchNorm1d(1)(x).sum().backward()
    assert max(map(abs, x.grad.numpy().ravel())) < 1e-4
"""


@pytest.fixture
def written(tmp_path: Path) -> Any:
    def write(text: str) -> Path:
        path = tmp_path / "test_theirs.py"
        path.write_text(text)
        return path

    return write


def test_careful_tests_kill_what_careless_ones_let_live(written: Any) -> None:
    mutants = [cosine, accumulate, variance]
    score = mutation_score(written(careful), mutants, jobs=2)
    assert score.value == 1.0 and score.killed == tuple(mutants)
    assert all(trial.killer.endswith("test_theirs.py::test_careful") for trial in score.trials)
    score = mutation_score(written(careless), mutants, jobs=2)
    assert score.value == 0.0 and score.survived == tuple(mutants)
    assert str(score).splitlines()[:5] == [
        "0 of 3 mutants killed", "operations: 0 of 1", "engine: 0 of 1", "batch norm: 0 of 1",
        f"survived: {cosine}",
    ]  # fmt: skip


def test_a_score_is_a_table_that_says_which_test_caught_which_mistake() -> None:
    table = Score((Trial(cosine, "test_a.py::test_cos"), Trial(accumulate, None))).markdown()
    assert table.splitlines()[2:] == [
        f"| {cosine} | test_a.py::test_cos |",
        f"| {accumulate} | **none** |",
    ]


def test_tests_that_do_not_end_have_noticed_the_mistake(written: Any) -> None:
    text = """
import minigrad as mg
def test_that_waits():
    x = mg.tensor(1.0, requires_grad=True)
    mg.cos(x).backward()
    while x.grad.item() > 0: pass
"""
    (trial,) = mutation_score(written(text), [cosine], timeout=6).trials
    assert trial.killer == "no end within 6 seconds"


def test_a_score_of_nothing_is_an_error_that_says_so(written: Any) -> None:
    with pytest.raises(ValueError, match="no mutants"):
        mutation_score(written(careful), [])
    with pytest.raises(ValueError, match="collects no test"):
        mutation_score(written("x = 1"), [cosine])
    with pytest.raises(RuntimeError, match="the tests fail without a mutant"):
        mutation_score(written("def test_no(): assert False"), [cosine])
    with pytest.raises(ValueError, match="there is no family 'dragons', but engine"):
        of_families(["dragons"])


def test_the_command_refuses_what_it_cannot_do(capsys: Any, written: Any) -> None:
    for arguments in ([], ["x", "--family", "dragons"], ["x", "--jobs", "0"]):
        with pytest.raises(SystemExit) as stopped:
            main(arguments)
        assert stopped.value.code == 2
    assert "--jobs and --timeout have to be positive" in capsys.readouterr().err


def test_a_mutant_of_a_program_that_has_changed_is_an_error_that_names_it() -> None:
    gone = Mutant("engine", "gone", "minigrad.tensor", "no such text", "")
    with pytest.raises(ValueError, match=r"occurs 0 times in minigrad\.tensor"):
        gone.source()
    with pytest.raises(ModuleNotFoundError, match="no module"):
        Mutant("engine", "gone", "minigrad.nowhere", "", "").source()


def test_the_catalogue_is_large_and_says_everything_once() -> None:
    assert len(catalogue) >= 48 and set(killers) == set(families)
    assert len({m.name for m in catalogue}) == len(catalogue)
    assert len({(m.module, m.old, m.new) for m in catalogue}) == len(catalogue)


@pytest.mark.parametrize("mutant", catalogue, ids=str)
def test_every_mutant_of_the_catalogue_can_be_seeded(mutant: Mutant) -> None:
    compile(mutant.source(), mutant.module, "exec")


def test_the_page_counts_the_mutants_that_there_are() -> None:
    page = (root / "docs" / "mutation.md").read_text()
    assert f"There are {len(catalogue)}," in page
    for family in families:
        n = len(of_families([family]))
        assert f"| {family} | {n} of {n} |" in page


@pytest.mark.parametrize(("name", "caught"), [("naive", 0), ("careful", 1)])
def test_the_tests_of_the_page_pass_on_right_code_and_differ_on_wrong_code(
    name: str, caught: int
) -> None:
    """docs/examples/naive_check: a score is of tests that pass without a mistake."""
    tests = root / "docs" / "examples" / "naive_check" / f"test_{name}.py"
    assert len(mutation_score(tests, [variance]).killed) == caught


@pytest.mark.parametrize("family", families)
def test_our_own_tests_kill_every_mutant(pytestconfig: pytest.Config, family: str) -> None:
    if pytestconfig.getoption("--minigrad-profile") != "nightly":
        pytest.skip("takes long; run with --minigrad-profile=nightly")
    tests = [root / path for path in killers[family]]
    options = ["--minigrad-profile=ci", "--minigrad-backends=numpy"]
    score = mutation_score(tests, of_families([family]), options=options, jobs=2, timeout=900)
    print(f"{score.markdown()}\n\n{score}")
    assert not score.survived, str(score)
