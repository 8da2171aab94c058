"""Functions that convert to NumPy, where a gradient would be lost: each says so."""

from __future__ import annotations

import numpy as np
from scipy import fft, integrate, interpolate, linalg, ndimage, optimize, signal, special, stats
from sklearn.linear_model import LinearRegression

from .row import Refusal
from .rows_sklearn import dispatched

__all__ = ["rows"]

mixed = "Multiple namespaces"

rows = [
    Refusal("scipy.special.log_expit", special.log_expit, TypeError, "does not support ufuncs"),
    Refusal("scipy.special.j0", special.j0),
    Refusal("scipy.special.gammainc", lambda x: special.gammainc(x, x)),
    Refusal("scipy.special.zeta", lambda x: special.zeta(x + 1, x)),
    Refusal("scipy.stats.pearsonr", lambda x: stats.pearsonr(x, x)),
    Refusal("scipy.stats.linregress", lambda x: stats.linregress(x, x)),
    Refusal("scipy.stats.ttest_1samp", lambda x: stats.ttest_1samp(x, 0.0)),
    Refusal("scipy.stats.ttest_ind", lambda x: stats.ttest_ind(x, x)),
    Refusal("scipy.stats.norm.pdf", stats.norm.pdf),
    Refusal("scipy.integrate.simpson", integrate.simpson),
    Refusal("scipy.integrate.solve_ivp",
            lambda x: integrate.solve_ivp(lambda t, y: -y, (0.0, 1.0), x)),
    Refusal("scipy.optimize.minimize", lambda x: optimize.minimize(lambda t: t @ t, x)),
    Refusal("scipy.interpolate.CubicSpline",
            lambda x: interpolate.CubicSpline(np.arange(6.0), x), TypeError, mixed),
    Refusal("scipy.linalg.inv", lambda x: linalg.inv(x * np.eye(6))),
    Refusal("scipy.ndimage.gaussian_filter", lambda x: ndimage.gaussian_filter(x, 1.0)),
    Refusal("scipy.fft.dct", fft.dct),
    Refusal("scipy.signal.detrend", signal.detrend),
    Refusal("scipy.signal.savgol_filter", lambda x: signal.savgol_filter(x, 5, 2)),
    Refusal("scipy.signal.welch", lambda x: signal.welch(x, nperseg=4)),
    Refusal("scipy.signal.lfilter", lambda x: signal.lfilter([1.0], [1.0, 0.5], x), TypeError,
            mixed),
    Refusal("sklearn.linear_model.LinearRegression",
            dispatched(lambda x: LinearRegression().fit(x[:, None], x))),
]  # fmt: skip
