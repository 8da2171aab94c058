"""Special functions, under the name where SciPy looks for those of an array library.

`scipy.special.gammaln(tensor)` with SCIPY_ARRAY_API=1 is `mg.special.gammaln(tensor)`. Names and
arguments are SciPy's; what they compute, and how exactly, is in docs/special.md.
"""

from .ops.bessel import i0, i0e, i1, i1e
from .ops.entropy import entr, kl_div, rel_entr, xlog1py, xlogy
from .ops.erf import erf, erfc, erfcx
from .ops.gamma import digamma, gammaln, polygamma
from .ops.gamma import digamma as psi
from .ops.logistic import expit, log_expit, logit, relu, softplus
from .ops.normal import erfinv, log_ndtr, ndtr, ndtri
from .ops.sinc import sinc
from .ops.softmax import log_softmax, logsumexp, softmax

# fmt: off
__all__ = [
    "digamma", "entr", "erf", "erfc", "erfcx", "erfinv", "expit", "gammaln", "i0", "i0e", "i1",
    "i1e", "kl_div", "log_expit", "log_ndtr", "log_softmax", "logit", "logsumexp", "ndtr", "ndtri",
    "polygamma", "psi", "rel_entr", "relu", "sinc", "softmax", "softplus", "xlog1py", "xlogy",
]
# fmt: on
