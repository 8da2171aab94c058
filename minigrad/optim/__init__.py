"""Optimisers: from gradients to new values of the parameters.

Names, arguments, defaults and formulas are PyTorch's.
"""

from . import lr_scheduler
from .adam import Adam, AdamW
from .optimizer import Optimizer
from .param_groups import param_groups
from .rmsprop import RMSprop
from .sgd import SGD

__all__ = ["Adam", "AdamW", "Optimizer", "RMSprop", "SGD", "lr_scheduler", "param_groups"]
