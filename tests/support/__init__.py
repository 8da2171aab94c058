"""What tests share: derived tolerances, oracles, numerical derivatives, arrays to try."""
