"""Pages, and examples that run."""
