"""The invariants of the engine, each as a test."""
