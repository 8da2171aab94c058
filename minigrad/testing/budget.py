"""How many examples a test may draw: a share of what the Hypothesis profile allows."""

from __future__ import annotations

from hypothesis import settings

__all__ = ["examples"]


def examples(share: float) -> settings:
    """Settings for a test that runs for every row or is slow: a share of the profile's examples."""
    profile = settings.default or settings()
    return settings(max_examples=max(2, round(profile.max_examples * share)))
