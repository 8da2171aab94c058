"""Writes docs/conformance.md: `python -m tests.testing.conformance_page` (needs JAX; a minute)."""

from __future__ import annotations

import platform
import sys
from pathlib import Path

import minigrad as mg
from minigrad.testing.conformance import BackendConformance

__all__ = ["page", "path"]

root = Path(__file__).parents[2]
path = root / "docs" / "conformance.md"
backends = ("numpy", "strict", "jax")

introduction = """\
# How the backends are graded

What `minigrad check` says of three libraries: NumPy, which is the reference; array-api-strict,
the standard and nothing else, with its mock devices; and JAX, arrays of a third party, plugged in
from outside by [a package of thirty lines](examples/minigrad-jax/minigrad_jax.py). What passes is
counted, what does not is listed with the reason. [Testing derivatives](testing.md) says what each
section looks at. CuPy was not on the machine.

This page is made by `python -m tests.testing.conformance_page`; a test grades the backends again.
"""


def page() -> str:
    """The page, for the backends as they are now."""
    sys.path.insert(0, str(root / "docs" / "examples" / "minigrad-jax"))
    import minigrad_jax

    mg.backends.register("jax", minigrad_jax.load, module="jaxlib")
    reports = {name: BackendConformance(name).run() for name in backends}
    sections = [f"\n## {name}\n\n```text\n{report}\n```\n" for name, report in reports.items()]
    return "".join([introduction, f"\nPython {platform.python_version()}.\n", *sections])


if __name__ == "__main__":
    path.write_text(page())
