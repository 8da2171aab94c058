"""Grades an array library as a backend: what works on it, what does not, and why."""

from .report import Finding, Report
from .suite import BackendConformance

__all__ = ["BackendConformance", "Finding", "Report"]
