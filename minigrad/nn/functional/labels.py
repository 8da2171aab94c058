"""Labels: integers that count classes, rows, words."""

from __future__ import annotations

from ...tensor import Tensor

__all__ = ["check_labels"]


def check_labels(
    name: str,
    what: str,
    labels: Tensor,
    classes: int,
    error: type[Exception],
    ignore_index: int | None = None,
) -> None:
    """Raise TypeError unless `labels` are integers, `error` unless they are below `classes`."""
    if labels.dtype.kind not in "iu":
        raise TypeError(
            f"{name}: {what} is {labels.dtype}, expected integers; use x.astype(mg.int64)"
        )
    xp = labels.device.backend.xp
    raw = xp.astype(labels.data, xp.int64, copy=False)
    if labels.size == 0 or (bool(xp.min(raw) >= 0) and bool(xp.max(raw) < classes)):
        return
    wrong = (raw < 0) | (raw >= classes)
    if ignore_index is not None:
        wrong = wrong & (raw != ignore_index)
    if bool(xp.any(wrong)):
        values = labels.device.backend.to_numpy(raw)[labels.device.backend.to_numpy(wrong)]
        ignored = "" if ignore_index is None else f"; ignore_index is {ignore_index}"
        raise error(f"{name}: {what} holds {values[0]}, expected 0 to {classes - 1}{ignored}")
