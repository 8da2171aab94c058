"""Batch normalisation: against PyTorch, finite differences, the composition, and the circuit."""
