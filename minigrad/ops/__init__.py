"""The table of derivatives, by family. `minigrad/__init__.py` lists what is public."""
