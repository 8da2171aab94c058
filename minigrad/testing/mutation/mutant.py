"""A mutant: a module of the program under test with one mistake written into its source."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

__all__ = ["Mutant", "seeded"]


@dataclass(frozen=True)
class Mutant:
    """One seeded mistake: in the source of `module`, `new` stands for `old`.

    `name` says in a few words what is wrong, `family` what kind of rule it is in. `old` occurs once
    in the source, so that it is clear what is replaced.
    """

    family: str
    name: str
    module: str
    old: str
    new: str

    def source(self) -> str:
        """The source of the module with the mistake in it.

        Raises ModuleNotFoundError for a module that is not installed, ValueError if `old` does not
        occur exactly once: the program has changed, and the mutant has to follow.
        """
        spec = find_spec(self.module)
        if spec is None or spec.origin is None:
            raise ModuleNotFoundError(f"mutant {self.name!r}: there is no module {self.module}")
        text = Path(spec.origin).read_text()
        found = text.count(self.old)
        if found != 1 or self.old == self.new:
            raise ValueError(
                f"mutant {self.name!r}: {self.old!r} occurs {found} times in {self.module}, "
                "and has to be replaced once, by something else"
            )
        return text.replace(self.old, self.new)

    def __str__(self) -> str:
        return f"{self.family}: {self.name}"


def seeded(family: str, module: str, *mistakes: tuple[str, str, str]) -> tuple[Mutant, ...]:
    """The mutants of one module: each a name, what the source says, and the mistake."""
    return tuple(Mutant(family, name, module, old, new) for name, old, new in mistakes)
