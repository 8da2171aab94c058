"""Tests of minigrad.nn."""
