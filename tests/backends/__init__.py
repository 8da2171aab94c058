"""The registry of backends, and the words that each of them speaks."""
