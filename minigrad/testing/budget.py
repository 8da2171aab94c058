"""How many examples a test may draw: a share of what the Hypothesis profile allows."""

from __future__ import annotations

from hypothesis import settings

__all__ = ["examples"]


def examples(share: float) -> settings:
    """Settings for a test that runs for every record: a share of the profile's examples.

    Without a deadline: the first call of an oracle loads it, which says nothing about the test.
    """
    profile = settings.default or settings()
    return settings(max_examples=max(2, round(profile.max_examples * share)), deadline=None)
