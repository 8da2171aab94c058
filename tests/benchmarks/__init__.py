"""Figures, as ratios measured side by side in one process: `python -m tests.benchmarks`.

No test asserts on time: `test_benchmarks` sees that everything here still runs.
"""
