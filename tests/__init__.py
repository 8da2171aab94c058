"""The tests of minigrad and minigrad_bn."""
