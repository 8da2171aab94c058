"""Linear algebra where rows do not go: singular matrices, values that coincide, bad subscripts."""
