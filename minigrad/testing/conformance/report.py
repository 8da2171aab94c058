"""What a conformance run found: for a person to read, and for a program."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from typing import NamedTuple

__all__ = ["OUTCOMES", "Finding", "Report"]

OUTCOMES = ("passes", "fails", "is missing", "was not tested")


class Finding(NamedTuple):
    """One fact about a backend: in which section, about what, how it came out, and why."""

    section: str
    item: str
    outcome: str
    detail: str = ""


@dataclass
class Report:
    """All that was found about one backend; `array_library` names its library and version."""

    backend: str
    array_library: str
    findings: list[Finding] = field(default_factory=list)

    def of(self, outcome: str) -> list[Finding]:
        """The findings with one outcome, a word of `OUTCOMES`."""
        return [found for found in self.findings if found.outcome == outcome]

    @property
    def passed(self) -> bool:
        """Whether something was tested, and nothing that was fails."""
        return bool(self.of("passes")) and not self.of("fails")

    def __str__(self) -> str:
        lines = [f"{self.backend}: {self.array_library}"]
        for section in dict.fromkeys(found.section for found in self.findings):
            here = [found for found in self.findings if found.section == section]
            counts = Counter(found.outcome for found in here)
            counted = ", ".join(f"{counts[o]} {COUNTED[o]}" for o in OUTCOMES if counts[o])
            lines.append(f"\n{section}: {counted}")
            lines += [f"  {f.item} {f.outcome}: {f.detail}" for f in here if f.outcome != "passes"]
        return "\n".join(lines)

    def json(self) -> str:
        """The report as JSON: backend, library, whether it passed, and the findings."""
        content = {
            "backend": self.backend,
            "library": self.array_library,
            "passed": self.passed,
            "findings": [found._asdict() for found in self.findings],
        }
        return json.dumps(content, indent=2)


COUNTED = {
    "passes": "pass",
    "fails": "fail",
    "is missing": "missing",
    "was not tested": "not tested",
}
