"""The page's three files, from what was measured."""

from __future__ import annotations

import datetime
import json
from typing import Any

from minigrad.bench import Effort

from .page import DATA, FIGURE, PAGE, page
from .plot import draw

__all__ = ["as_json", "write"]


def write(found: dict[str, Any], where: dict[str, Any], effort: Effort) -> None:
    """Write docs/benchmarks.json, and from it the page and its figure."""
    data = {
        "date": datetime.date.today().isoformat(),
        "machine": where,
        "rounds": effort.rounds,
        "benchmarks": found,
    }
    DATA.write_text(as_json(data))
    PAGE.write_text(page(data))
    draw(data, FIGURE)


def as_json(data: dict[str, Any]) -> str:
    return json.dumps(data, indent=1, ensure_ascii=False) + "\n"
