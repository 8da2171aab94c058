"""Fused forms of minigrad's own operations on NumPy's arrays, and the threads that run them."""
