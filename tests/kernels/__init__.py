"""Kernels, and the threads that run them."""
