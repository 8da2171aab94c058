"""Runs pytest with one module replaced: `python run.py MODULE SOURCE_FILE PYTEST_ARGUMENTS...`.

A script of its own that imports nothing of minigrad: the replacement has to be in place before
minigrad is first imported, as pytest's plugins already do.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from pathlib import Path
from types import ModuleType
from typing import Any

__all__ = ["Replacement", "main"]


class Loader(SourceFileLoader):
    """Loads a module from other source than its file holds; never from, or to, compiled files."""

    text: str

    def get_code(self, fullname: str) -> Any:
        """The code of the other source, with the file's name in tracebacks."""
        return compile(self.text, self.path, "exec", dont_inherit=True)


class Replacement(MetaPathFinder):
    """Finds one module, and gives it other source."""

    def __init__(self, module: str, text: str) -> None:
        self.module, self.text = module, text

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """The module's own place, with a loader of the other source."""
        if fullname != self.module:
            return None
        spec = PathFinder.find_spec(fullname, path)
        if spec is None or spec.origin is None:
            return None
        loader = Loader(fullname, spec.origin)
        loader.text = self.text
        spec.loader = loader
        return spec


def main(arguments: list[str]) -> int:
    """Replace the module, unless its name is empty, and run pytest; its exit status."""
    module, source, *options = arguments
    if module:
        sys.meta_path.insert(0, Replacement(module, Path(source).read_text()))
    import pytest

    return int(pytest.main(options))


if __name__ == "__main__":
    sys.path[0] = ""  # as `python -m pytest` has it: the working folder, not that of this file
    sys.exit(main(sys.argv[1:]))
