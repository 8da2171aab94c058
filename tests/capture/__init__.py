"""Tests of mg.capture."""
