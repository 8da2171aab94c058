"""Special functions, under the name where SciPy looks for those of an array library."""

from .ops.special import erf, erfc, expit, log_softmax, logsumexp, relu, softmax, softplus

__all__ = ["erf", "erfc", "expit", "log_softmax", "logsumexp", "relu", "softmax", "softplus"]
