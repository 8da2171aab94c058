"""Figures, as ratios measured side by side in one process: `python -m tests.benchmarks`.

Nothing here is collected by pytest, and no test asserts on time.
"""
