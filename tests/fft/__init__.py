"""Tests of Fourier transforms: their laws, and what they refuse."""
