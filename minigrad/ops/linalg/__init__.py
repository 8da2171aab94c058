"""Linear algebra: products, systems, decompositions, norms. `minigrad/linalg.py` lists it."""
