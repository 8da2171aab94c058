"""Tests of minigrad.optim."""
