"""Seeded mistakes, and how many of them a suite of tests catches."""

from .catalogue import catalogue
from .mutant import Mutant
from .score import Score, mutation_score

__all__ = ["Mutant", "Score", "catalogue", "mutation_score"]
