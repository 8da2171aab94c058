"""SciPy's functions of numbers: special functions and statistics."""

from __future__ import annotations

from typing import Any

from scipy import cluster, constants, optimize, special, stats

from .row import Domain, Neighbour, array_namespace, positive, probability, real

__all__ = ["rows"]


def of_one(module: Any, names: str, *inputs: Domain) -> list[Neighbour]:
    """The functions of that module that take arrays alone."""
    return [
        Neighbour(f"{module.__name__}.{name}", getattr(module, name), inputs)
        for name in names.split()
    ]


def median_abs_deviation(x: Any) -> Any:
    """Of numbers so far apart that no two lie equally far from the median: that is a kink."""
    return stats.median_abs_deviation(array_namespace(x).exp(3 * x))


rows = [
    *of_one(special, "erf erfc erfcx expit ndtr log_ndtr sinc i0 i0e i1 i1e", real()),
    *of_one(special, "erfinv logit ndtri", probability()),
    *of_one(special, "entr gammaln psi digamma", Domain(1.0, 3.0, (6,))),
    *of_one(special, "xlogy xlog1py rel_entr kl_div", positive(), positive()),
    *of_one(special, "logsumexp softmax log_softmax", real(2, 3)),
    Neighbour("scipy.special.polygamma", lambda x: special.polygamma(2, x),
              (Domain(1.0, 3.0, (6,)),)),
    *of_one(stats, "zscore gzscore skew kurtosis gmean hmean sem variation tmean tvar tstd tsem "
                   "differential_entropy entropy circmean circvar circstd kstat kstatvar "
                   "iqr tmin tmax", positive(8)),
    *of_one(stats, "zmap", positive(), positive()),
    Neighbour("scipy.stats.median_abs_deviation", median_abs_deviation,
              (Domain(0.5, 2.0, (5,), jitter=0.05),)),
    Neighbour("scipy.stats.moment", lambda x: stats.moment(x, 3)),
    Neighbour("scipy.stats.pmean", lambda x: stats.pmean(x, 3.0)),
    Neighbour("scipy.stats.describe", lambda x: stats.describe(x).variance),
    Neighbour("scipy.stats.quantile", lambda x: stats.quantile(x, 0.3), (positive(8),)),
    Neighbour("scipy.stats.trim_mean", lambda x: stats.trim_mean(x, 0.2), (positive(8),)),
    Neighbour("scipy.stats.lmoment", lambda x: stats.lmoment(x, order=2)),
    Neighbour("scipy.stats.boxcox_llf", lambda x: stats.boxcox_llf(0.7, x)),
    Neighbour("scipy.stats.skewtest", lambda x: stats.skewtest(x).statistic, (positive(10),)),
    Neighbour("scipy.stats.kurtosistest", lambda x: stats.kurtosistest(x).statistic,
              (positive(20),)),
    Neighbour("scipy.stats.directional_stats", lambda x: stats.directional_stats(x).mean_direction,
              (positive(4, 3),)),
    Neighbour("scipy.cluster.vq.whiten", cluster.vq.whiten, (Domain(-6.0, 6.0, (8, 3)),)),
    Neighbour("scipy.constants.convert_temperature",
              lambda x: constants.convert_temperature(x, "Celsius", "Fahrenheit")),
    *of_one(optimize, "rosen rosen_der", real()),
]  # fmt: skip
