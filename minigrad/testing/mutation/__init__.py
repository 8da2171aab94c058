"""Seeded mistakes, and how many of them a suite of tests catches."""

from .catalogue import catalogue, families, of_families
from .mutant import Mutant
from .score import Score, Trial, mutation_score

__all__ = ["Mutant", "Score", "Trial", "catalogue", "families", "mutation_score", "of_families"]
