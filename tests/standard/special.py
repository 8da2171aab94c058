"""The tables of special cases of the standard, one representative for each line.

`x:y` says that the function of x is y; two inputs are separated by a comma. The sign of a zero and
of each part counts, unless `~` says that the standard leaves signs open.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

__all__ = ["Case", "cases", "complex_table", "numpy_differs", "real_table", "through_hyperbolic"]

real_table = {
    "abs": "nan:nan -0:0 -inf:inf inf:inf",
    "acos": "nan:nan 2:nan -2:nan 1:0",
    "acosh": "nan:nan 0.5:nan 1:0 inf:inf",
    "asin": "nan:nan 2:nan -2:nan 0:0 -0:-0",
    "asinh": "nan:nan 0:0 -0:-0 inf:inf -inf:-inf",
    "atan": "nan:nan 0:0 -0:-0 inf:pi/2 -inf:-pi/2",
    "atanh": "nan:nan -2:nan 2:nan -1:-inf 1:inf 0:0 -0:-0",
    "ceil": "3:3 nan:nan inf:inf -inf:-inf 0:0 -0:-0 -0.5:-0",
    "floor": "3:3 nan:nan inf:inf -inf:-inf 0:0 -0:-0",
    "trunc": "3:3 nan:nan inf:inf -inf:-inf 0:0 -0:-0",
    "round": "3:3 nan:nan inf:inf -inf:-inf 0:0 -0:-0 0.5:0 1.5:2 2.5:2 -2.5:-2",
    "cos": "nan:nan 0:1 -0:1 inf:nan -inf:nan",
    "cosh": "nan:nan 0:1 -0:1 inf:inf -inf:inf",
    "exp": "nan:nan 0:1 -0:1 inf:inf -inf:0",
    "expm1": "nan:nan 0:0 -0:-0 inf:inf -inf:-1",
    "isfinite": "inf:0 -inf:0 nan:0 1:1 0:1",
    "isinf": "inf:1 -inf:1 nan:0 1:0",
    "isnan": "inf:0 -inf:0 nan:1 1:0",
    "log": "nan:nan -1:nan 0:-inf -0:-inf 1:0 inf:inf",
    "log1p": "nan:nan -2:nan -1:-inf 0:0 -0:-0 inf:inf",
    "log2": "nan:nan -1:nan 0:-inf -0:-inf 1:0 inf:inf",
    "log10": "nan:nan -1:nan 0:-inf -0:-inf 1:0 inf:inf",
    "sign": "nan:nan -3:-1 3:1 0:~0 -0:~0",
    "signbit": "0:0 -0:1 inf:0 -inf:1 2:0 -2:1",
    "sin": "nan:nan 0:0 -0:-0 inf:nan -inf:nan",
    "sinh": "nan:nan 0:0 -0:-0 inf:inf -inf:-inf",
    "sqrt": "nan:nan -1:nan 0:0 -0:-0 inf:inf",
    "tan": "nan:nan 0:0 -0:-0 inf:nan -inf:nan",
    "tanh": "nan:nan 0:0 -0:-0 inf:1 -inf:-1",
    "add": """nan,1:nan 1,nan:nan inf,-inf:nan -inf,inf:nan inf,inf:inf -inf,-inf:-inf inf,1:inf
              -inf,1:-inf 1,inf:inf 1,-inf:-inf -0,-0:-0 -0,0:0 0,-0:0 0,0:0 0,2:2 -0,2:2 2,0:2
              2,-0:2 2,-2:0""",
    "subtract": """nan,1:nan 1,nan:nan inf,inf:nan -inf,-inf:nan inf,-inf:inf -inf,inf:-inf
                   inf,1:inf -0,0:-0 -0,-0:0 0,0:0 0,-0:0 2,2:0""",
    "multiply": """nan,1:nan 1,nan:nan inf,0:nan -inf,0:nan inf,-0:nan 0,inf:nan -0,-inf:nan
                   inf,inf:inf inf,-inf:-inf inf,2:inf inf,-2:-inf -2,-inf:inf -2,0:-0 -2,-0:0""",
    "divide": """nan,1:nan 1,nan:nan inf,inf:nan -inf,inf:nan 0,0:nan -0,0:nan 0,1:0 0,-1:-0 -0,1:-0
                 -0,-1:0 1,0:inf 1,-0:-inf -1,0:-inf -1,-0:inf inf,1:inf inf,-1:-inf -inf,1:-inf
                 -inf,-1:inf 1,inf:0 1,-inf:-0 -1,inf:-0 -1,-inf:0""",
    "floor_divide": """nan,1:nan 1,nan:nan inf,inf:nan -inf,inf:nan 0,0:nan -0,0:nan 0,1:0 0,-1:-0
                       -0,1:-0 -0,-1:0 1,0:inf 1,-0:-inf -1,0:-inf -1,-0:inf inf,1:inf inf,-1:-inf
                       -inf,1:-inf -inf,-1:inf 1,inf:0 1,-inf:-0 -1,inf:-0 -1,-inf:0""",
    "remainder": """nan,1:nan 1,nan:nan inf,inf:nan -inf,1:nan inf,1:nan 0,0:nan -0,-0:nan 0,1:0
                    -0,1:0 0,-1:-0 -0,-1:-0 1,0:nan 1,-0:nan -1,0:nan -1,-0:nan 1,inf:1
                    1,-inf:-inf -1,inf:inf -1,-inf:-1 5,3:2 -5,3:1 5,-3:-1 -5,-3:-2 6,3:0
                    6,-3:-0""",
    "pow": """2,nan:nan nan,0:1 nan,-0:1 0,0:1 inf,-0:1 nan,2:nan 2,inf:inf -2,inf:inf 2,-inf:0
              -2,-inf:0 1,inf:1 -1,inf:1 1,-inf:1 -1,-inf:1 1,3:1 0.5,inf:0 -0.5,inf:0 0.5,-inf:inf
              -0.5,-inf:inf inf,2:inf inf,-2:0 -inf,3:-inf -inf,2:inf -inf,0.5:inf -inf,-3:-0
              -inf,-2:0 0,2:0 0,-2:inf -0,3:-0 -0,2:0 -0,0.5:0 -0,-3:-inf -0,-2:inf -2,0.5:nan""",
    "atan2": """nan,1:nan 1,nan:nan 1,0:pi/2 1,-0:pi/2 0,1:0 0,0:0 0,-0:pi 0,-1:pi -0,1:-0 -0,0:-0
                -0,-0:-pi -0,-1:-pi -1,0:-pi/2 -1,-0:-pi/2 1,inf:0 1,-inf:pi -1,inf:-0 -1,-inf:-pi
                inf,1:pi/2 -inf,1:-pi/2 inf,inf:pi/4 inf,-inf:3*pi/4 -inf,inf:-pi/4
                -inf,-inf:-3*pi/4""",
    "hypot": "inf,nan:inf -inf,nan:inf nan,inf:inf nan,-inf:inf 1,nan:nan nan,1:nan 0,-3:3 -3,-0:3",
    "logaddexp": "nan,1:nan 1,nan:nan inf,1:inf 1,inf:inf",
    "copysign": "3,-0:-3 3,0:3 -3,2:3 -3,-2:-3 0,-1:-0 -inf,0:inf",
    "nextafter": "nan,1:nan 1,nan:nan 0,-0:-0 -0,0:0",
    "maximum": "nan,1:nan 1,nan:nan inf,1:inf -inf,1:1",
    "minimum": "nan,1:nan 1,nan:nan inf,1:1 -inf,1:-inf",
    "equal": "nan,nan:0 nan,1:0 inf,inf:1 -inf,-inf:1 -0,0:1 inf,-inf:0",
    "not_equal": "nan,nan:1 nan,1:1 inf,inf:0 -0,0:0 inf,-inf:1",
    "less": "nan,1:0 1,nan:0 inf,1:0 -inf,1:1 1,inf:1 -0,0:0",
    "less_equal": "nan,1:0 1,nan:0 inf,1:0 -inf,1:1 1,inf:1 0,-0:1",
    "greater": "nan,1:0 1,nan:0 inf,1:1 -inf,1:0 1,inf:0 0,-0:0",
    "greater_equal": "nan,1:0 1,nan:0 inf,1:1 -inf,1:0 1,inf:0 -0,0:1",
}

complex_table = {
    "abs": "inf+nanj:inf nan-infj:inf inf+1j:inf 1+nanj:nan nan+0j:nan -0-0j:0",
    "acos": """0+0j:pi/2-0j -0+0j:pi/2-0j 0+nanj:pi/2+nanj 1+infj:pi/2-infj 1+nanj:nan+nanj
               -inf+1j:pi-infj inf+1j:0-infj -inf+infj:3*pi/4-infj inf+infj:pi/4-infj
               inf+nanj:~nan-infj nan+1j:nan+nanj nan+infj:nan-infj nan+nanj:nan+nanj""",
    "acosh": """0+0j:0+pi/2j -0+0j:0+pi/2j 1+infj:inf+pi/2j 1+nanj:nan+nanj 0+nanj:~nan+pi/2j
                -inf+1j:inf+pij inf+1j:inf+0j -inf+infj:inf+3*pi/4j inf+infj:inf+pi/4j
                inf+nanj:inf+nanj -inf+nanj:inf+nanj nan+1j:nan+nanj nan+infj:inf+nanj
                nan+nanj:nan+nanj""",
    "asinh": """0+0j:0+0j 1+infj:inf+pi/2j 1+nanj:nan+nanj inf+1j:inf+0j inf+infj:inf+pi/4j
                inf+nanj:inf+nanj nan+0j:nan+0j nan+1j:nan+nanj nan+infj:~inf+nanj
                nan+nanj:nan+nanj""",
    "atanh": """0+0j:0+0j 0+nanj:0+nanj 1+0j:inf+0j 1+infj:0+pi/2j 1+nanj:nan+nanj inf+1j:0+pi/2j
                inf+infj:0+pi/2j inf+nanj:0+nanj nan+1j:nan+nanj nan+infj:~0+pi/2j
                nan+nanj:nan+nanj""",
    "cosh": """0+0j:1+0j 0+infj:~nan+0j 0+nanj:~nan+0j 1+infj:nan+nanj 1+nanj:nan+nanj
               inf+0j:inf+0j inf+1j:inf+infj inf+2j:-inf+infj inf+infj:~inf+nanj inf+nanj:inf+nanj
               nan+0j:~nan+0j nan+1j:nan+nanj nan+nanj:nan+nanj""",
    "sinh": """0+0j:0+0j 0+infj:~0+nanj 0+nanj:~0+nanj 1+infj:nan+nanj 1+nanj:nan+nanj inf+0j:inf+0j
               inf+1j:inf+infj inf+2j:-inf+infj inf+infj:~inf+nanj inf+nanj:~inf+nanj nan+0j:nan+0j
               nan+1j:nan+nanj nan+nanj:nan+nanj""",
    "tanh": """0+0j:0+0j 0+infj:0+nanj 1+infj:nan+nanj 0+nanj:0+nanj 1+nanj:nan+nanj inf+1j:1+0j
               inf+infj:~1+0j inf+nanj:~1+0j nan+0j:nan+0j nan+1j:nan+nanj nan+nanj:nan+nanj""",
    "exp": """0+0j:1+0j -0+0j:1+0j 1+infj:nan+nanj 1+nanj:nan+nanj inf+0j:inf+0j -inf+1j:0+0j
              -inf+2j:-0+0j inf+1j:inf+infj inf+2j:-inf+infj -inf+infj:~0+0j inf+infj:~inf+nanj
              -inf+nanj:~0+0j inf+nanj:~inf+nanj nan+0j:nan+0j nan+1j:nan+nanj nan+nanj:nan+nanj""",
    "expm1": """0+0j:0+0j -0+0j:-0+0j 1+infj:nan+nanj 1+nanj:nan+nanj inf+0j:inf+0j -inf+1j:-1+0j
                inf+1j:inf+infj inf+2j:-inf+infj -inf+infj:~-1+0j inf+infj:~inf+nanj
                -inf+nanj:~-1+0j inf+nanj:~inf+nanj nan+0j:nan+0j nan+1j:nan+nanj
                nan+nanj:nan+nanj""",
    "log": """-0+0j:-inf+pij 0+0j:-inf+0j 1+infj:inf+pi/2j 1+nanj:nan+nanj -inf+1j:inf+pij
              inf+1j:inf+0j -inf+infj:inf+3*pi/4j inf+infj:inf+pi/4j inf+nanj:inf+nanj
              -inf+nanj:inf+nanj nan+1j:nan+nanj nan+infj:inf+nanj nan+nanj:nan+nanj""",
    "log1p": """-1+0j:-inf+0j 1+infj:inf+pi/2j 1+nanj:nan+nanj -inf+1j:inf+pij inf+1j:inf+0j
                -inf+infj:inf+3*pi/4j inf+infj:inf+pi/4j inf+nanj:inf+nanj -inf+nanj:inf+nanj
                nan+1j:nan+nanj nan+infj:inf+nanj nan+nanj:nan+nanj""",
    "sqrt": """0+0j:0+0j -0+0j:0+0j 1+infj:inf+infj nan+infj:inf+infj -inf+infj:inf+infj
               1+nanj:nan+nanj -inf+1j:0+infj inf+1j:inf+0j -inf+nanj:~nan+infj inf+nanj:inf+nanj
               nan+1j:nan+nanj nan+nanj:nan+nanj""",
    "isfinite": "inf+1j:0 1+nanj:0 nan+infj:0 1+1j:1",
    "isinf": "inf+1j:1 1+nanj:0 nan-infj:1 inf+nanj:1 1+1j:0",
    "isnan": "inf+1j:0 1+nanj:1 nan+infj:1 inf+nanj:1 1+1j:0",
}

through_hyperbolic = {"sin": "sinh", "tan": "tanh", "asin": "asinh", "atan": "atanh"}
"""f(z) is -i g(iz), and so are its special cases; cos(z) is cosh(iz)."""

as_python = "gives what Python's // gives, which a note of the standard allows"
by_parts = "computes e^a cos(b) - 1 and e^a sin(b) one by one, and so has NaN for inf * 0"

numpy_differs = {
    ("floor_divide", "inf,1:inf"): as_python,
    ("floor_divide", "inf,-1:-inf"): as_python,
    ("floor_divide", "-inf,1:-inf"): as_python,
    ("floor_divide", "-inf,-1:inf"): as_python,
    ("floor_divide", "1,-inf:-0"): as_python,
    ("floor_divide", "-1,inf:-0"): as_python,
    ("expm1", "inf+0j:inf+0j"): by_parts,
    ("expm1", "nan+0j:nan+0j"): by_parts,
    ("expm1", "-inf+infj:~-1+0j"): by_parts,
    ("expm1", "inf+infj:~inf+nanj"): by_parts,
    ("expm1", "-inf+nanj:~-1+0j"): by_parts,
    ("expm1", "inf+nanj:~inf+nanj"): by_parts,
}
"""The cases that NumPy itself gets otherwise, each with the reason. Exactly these fail."""


class Case(NamedTuple):
    """One line of a table: the inputs, the output, whether signs count, and how it is written."""

    inputs: tuple[complex, ...]
    output: complex
    signed: bool
    text: str


def number(text: str) -> complex:
    """`-0`, `3*pi/4`, `inf+pi/2j` as a number. Each part of a complex one keeps its sign."""
    if not text.endswith("j"):
        return real_number(text)
    cut = max(i for i, c in enumerate(text) if c in "+-")
    return complex(real_number(text[:cut]), real_number(text[cut:-1]))


def real_number(text: str) -> float:
    sign, text = (-1.0, text[1:]) if text[0] == "-" else (1.0, text.removeprefix("+"))
    factor, _, rest = text.rpartition("*")
    top, _, bottom = rest.partition("/")
    size = math.pi if top == "pi" else float(top)
    return sign * float(factor or 1) * size / float(bottom or 1)


def cases(table: str) -> Iterator[Case]:
    for text in table.split():
        inputs, _, output = text.partition(":")
        signed = not output.startswith("~")
        yield Case(
            tuple(map(number, inputs.split(","))), number(output.removeprefix("~")), signed, text
        )
