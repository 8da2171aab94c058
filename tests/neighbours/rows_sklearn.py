"""scikit-learn, with `config_context(array_api_dispatch=True)`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sklearn
from sklearn import preprocessing
from sklearn.decomposition import PCA
from sklearn.linear_model import Ridge
from sklearn.metrics import pairwise

from .row import Domain, Neighbour, positive

__all__ = ["dispatched", "rows"]

table = positive(5, 3)
elsewhere = Domain(3.0, 5.0, (5, 3))


def dispatched(call: Callable[..., Any]) -> Callable[..., Any]:
    """`call` as scikit-learn runs it where it is told to leave arrays what they are."""

    def run(*arrays: Any) -> Any:
        with sklearn.config_context(array_api_dispatch=True):
            return call(*arrays)

    return run


def scaler(name: str, domain: Domain = table) -> Neighbour:
    make = getattr(preprocessing, name)
    call = dispatched(lambda x: make().fit_transform(x))
    return Neighbour(f"sklearn.preprocessing.{name}", call, (domain,))


def kernel(name: str, *inputs: Domain) -> Neighbour:
    call = dispatched(getattr(pairwise, name))
    return Neighbour(f"sklearn.metrics.pairwise.{name}", call, inputs or (table, positive(4, 3)))


rows = [
    scaler("MinMaxScaler"),
    scaler("MaxAbsScaler"),
    scaler("Normalizer"),
    scaler("KernelCenterer", positive(4, 4)),
    *map(kernel, ["linear_kernel", "rbf_kernel", "polynomial_kernel", "sigmoid_kernel",
                  "cosine_similarity", "cosine_distances",
                  "chi2_kernel", "additive_chi2_kernel"]),
    *(kernel(name, table, elsewhere)  # the distance of two points that meet has a kink
      for name in ("euclidean_distances", "paired_cosine_distances", "paired_euclidean_distances")),
    Neighbour("sklearn.linear_model.Ridge",
              dispatched(lambda x, y: Ridge(solver="svd").fit(x, y).coef_), (table, positive(5))),
    Neighbour("sklearn.decomposition.PCA",
              dispatched(lambda x: PCA(2, svd_solver="full").fit(x).explained_variance_), (table,)),
]  # fmt: skip
