"""Fused kernels of minigrad's own operations, each registered where its operation is defined.

They see raw arrays and nothing else of minigrad. What is written in numba is in modules of its own,
which are imported when an array large enough arrives; see `minigrad.backends.kernels`.
"""
