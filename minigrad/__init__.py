"""minigrad: automatic differentiation on any array library.

The package is a namespace of the Python array API standard (2024.12), and `Tensor` is its array:

    import minigrad as mg

    x = mg.tensor([1.0, 2.0], requires_grad=True)
    mg.sum(mg.exp(x) * x).backward()
    x.grad

A derivative is written once, over `xp`. `xp` is NumPy, or CuPy, and the rule computes a gradient;
`xp` is minigrad itself, and it records one that can be differentiated again.
"""

import numpy as _numpy

from . import autograd, backends, fft, linalg, special
from .autograd import checkpoint, detect_anomaly, enable_grad, is_grad_enabled, no_grad
from .autograd.functional import grad, hessian, hvp, jacobian, jvp, value_and_grad, vjp
from .backends import Device, device, set_default_device
from .dtypes import get_default_dtype, set_default_dtype
from .ops.casting import astype, can_cast, finfo, iinfo, isdtype, result_type, to_device
from .ops.creation import (
    arange,
    asarray,
    empty,
    empty_like,
    eye,
    from_dlpack,
    full,
    full_like,
    linspace,
    ones,
    ones_like,
    tensor,
    zeros,
    zeros_like,
)
from .ops.einsum import einsum
from .ops.elementwise import (
    abs,
    acos,
    acosh,
    add,
    asin,
    asinh,
    atan,
    atan2,
    atanh,
    bitwise_and,
    bitwise_invert,
    bitwise_left_shift,
    bitwise_or,
    bitwise_right_shift,
    bitwise_xor,
    ceil,
    clip,
    conj,
    copysign,
    cos,
    cosh,
    divide,
    equal,
    exp,
    expm1,
    floor,
    floor_divide,
    greater,
    greater_equal,
    hypot,
    imag,
    isfinite,
    isinf,
    isnan,
    less,
    less_equal,
    log,
    log1p,
    log2,
    log10,
    logaddexp,
    logical_and,
    logical_not,
    logical_or,
    logical_xor,
    maximum,
    minimum,
    multiply,
    negative,
    nextafter,
    not_equal,
    positive,
    pow,
    real,
    reciprocal,
    remainder,
    round,
    sign,
    signbit,
    sin,
    sinh,
    sqrt,
    square,
    subtract,
    tan,
    tanh,
    trunc,
    where,
)
from .ops.indexing import (
    At,
    argsort,
    getitem,
    index_set,
    nonzero,
    pad,
    scatter_add,
    searchsorted,
    sort,
    take,
    take_along_axis,
)
from .ops.inspection import namespace_info as __array_namespace_info__
from .ops.linalg.products import matmul, matrix_transpose, outer, tensordot, vecdot
from .ops.reductions import (
    all,
    any,
    argmax,
    argmin,
    count_nonzero,
    cumulative_prod,
    cumulative_sum,
    max,
    mean,
    min,
    prod,
    std,
    sum,
    var,
)
from .ops.sets import unique_all, unique_counts, unique_inverse, unique_values
from .ops.shapes import (
    broadcast_arrays,
    broadcast_to,
    concat,
    diff,
    expand_dims,
    flip,
    meshgrid,
    moveaxis,
    permute_dims,
    repeat,
    reshape,
    roll,
    squeeze,
    stack,
    tile,
    tril,
    triu,
    unstack,
)
from .ops.windows import fold, sliding_window_view, windows
from .tensor import Tensor

# fmt: off
__all__ = [
    "At", "Device", "Tensor", "__array_api_version__", "__array_namespace_info__", "__version__",
    "abs", "acos", "acosh", "add", "all", "any", "arange", "argmax", "argmin", "argsort", "asarray",
    "asin", "asinh", "astype", "atan", "atan2", "atanh", "autograd", "backends", "bitwise_and",
    "bitwise_invert", "bitwise_left_shift", "bitwise_or", "bitwise_right_shift", "bitwise_xor",
    "bool", "broadcast_arrays", "broadcast_to", "can_cast", "capture", "ceil", "checkpoint", "clip",
    "complex128", "complex64", "concat", "conj", "copysign", "cos", "cosh", "count_nonzero",
    "cumulative_prod", "cumulative_sum", "data", "detect_anomaly", "device", "diff", "divide",
    "dtype", "e", "einsum", "empty", "empty_like", "enable_grad", "equal", "exp", "expand_dims",
    "expm1",
    "extend", "eye", "fft", "finfo", "flip", "float16", "float32", "float64", "floor",
    "floor_divide", "fold", "from_dlpack", "full", "full_like", "get_default_dtype",
    "get_num_threads", "getitem", "grad", "greater", "greater_equal", "hessian", "hvp", "hypot",
    "iinfo", "imag", "index_set",
    "inf", "int16", "int32", "int64", "int8", "is_grad_enabled", "isdtype", "isfinite", "isinf",
    "isnan", "jacobian", "jvp", "less", "less_equal", "linalg", "linspace", "load", "log", "log10",
    "log1p", "log2", "logaddexp", "logical_and", "logical_not", "logical_or", "logical_xor",
    "matmul", "matrix_transpose", "max", "maximum", "mean", "meshgrid", "min", "minimum",
    "moveaxis", "multiply", "nan", "negative", "newaxis", "nextafter", "nn", "no_grad", "nonzero",
    "not_equal", "ones", "ones_like", "optim", "outer", "pad", "permute_dims", "pi", "positive",
    "pow", "prod", "random", "real", "reciprocal", "remainder", "repeat", "reshape", "result_type",
    "roll", "round", "save", "scatter_add", "searchsorted", "set_default_device",
    "set_default_dtype", "set_num_threads", "sign", "signbit", "sin", "sinh", "sliding_window_view",
    "sort", "special",
    "sqrt", "square", "squeeze", "stack", "std", "subtract", "sum", "take", "take_along_axis",
    "tan", "tanh", "tensor", "tensordot", "testing", "tile", "to_device", "tril", "triu", "trunc",
    "uint16", "uint32", "uint64", "uint8", "unique_all", "unique_counts", "unique_inverse",
    "unique_values", "unstack", "value_and_grad", "var", "vecdot", "vjp", "where", "windows",
    "zeros", "zeros_like",
]
# fmt: on

__version__ = "0.1.0"
__array_api_version__ = "2024.12"

bool = _numpy.dtype("bool")
int8 = _numpy.dtype("int8")
int16 = _numpy.dtype("int16")
int32 = _numpy.dtype("int32")
int64 = _numpy.dtype("int64")
uint8 = _numpy.dtype("uint8")
uint16 = _numpy.dtype("uint16")
uint32 = _numpy.dtype("uint32")
uint64 = _numpy.dtype("uint64")
float16 = _numpy.dtype("float16")
float32 = _numpy.dtype("float32")
float64 = _numpy.dtype("float64")
complex64 = _numpy.dtype("complex64")
complex128 = _numpy.dtype("complex128")
dtype = _numpy.dtype

e: float = _numpy.e
inf = _numpy.inf
nan = _numpy.nan
newaxis = None
pi = _numpy.pi

_on_first_use = {
    "capture": "capture",
    "data": "data",
    "extend": "extend",
    "get_num_threads": "kernels.threads",
    "load": "io",
    "nn": "nn",
    "optim": "optim",
    "random": "random",
    "save": "io",
    "set_num_threads": "kernels.threads",
    "testing": "testing",
}


def __getattr__(name: str) -> object:
    """What a net needs is imported when it is first asked for, so that arrays alone load fast."""
    from importlib import import_module

    if name not in _on_first_use:
        raise AttributeError(f"module 'minigrad' has no attribute {name!r}")
    module = import_module(f"minigrad.{_on_first_use[name]}")
    return module if name == _on_first_use[name] else getattr(module, name)
