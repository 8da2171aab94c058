"""Schedules: the learning rate as a function of the number of steps."""

from .cosine import CosineAnnealingLR
from .lambdas import LambdaLR
from .one_cycle import OneCycleLR
from .scheduler import LRScheduler
from .step import StepLR

__all__ = ["CosineAnnealingLR", "LRScheduler", "LambdaLR", "OneCycleLR", "StepLR"]
