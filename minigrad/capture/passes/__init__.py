"""What is done to a tape before it is printed: each pass is a function of instructions."""

from .chains import Chain, chains
from .common import common_subexpressions
from .constants import constants
from .dead import live_only

__all__ = ["Chain", "chains", "common_subexpressions", "constants", "live_only"]
