"""From recorded graphs to derivatives: the walk, and the functions that start it."""

from .anomaly import detect_anomaly
from .checkpoint import checkpoint
from .graph import backward, grad
from .modes import (
    enable_grad,
    is_grad_enabled,
    is_state_update_enabled,
    no_grad,
    no_state_update,
    set_grad_enabled,
)

__all__ = [
    "backward",
    "checkpoint",
    "detect_anomaly",
    "enable_grad",
    "grad",
    "is_grad_enabled",
    "is_state_update_enabled",
    "no_grad",
    "no_state_update",
    "set_grad_enabled",
]
