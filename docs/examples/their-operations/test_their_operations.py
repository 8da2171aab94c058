"""The whole suite of tests for two operations, from a record of each."""

from __future__ import annotations

import numpy as np
from their_operations import softsign, swish

from minigrad.testing import Domain, ErrorCase, OpRecord, op_tests
from minigrad.testing.strategies import one_array

text = "input 0 is a str"

TestSoftsign = op_tests(
    [
        OpRecord(
            "softsign",
            softsign,
            softsign,
            one_array(Domain(away=(0.0,))),  # where its second derivative jumps
            reference=lambda x: x / (1 + np.abs(x)),
            oracle="nn.functional.softsign",
            errors=(ErrorCase(lambda device: softsign("x"), TypeError, text),),
        )
    ]
)

TestSwish = op_tests(
    [
        OpRecord(
            "swish",
            swish,
            swish,
            one_array(),
            reference=lambda x: x / (1 + np.exp(-x)),
            oracle="nn.functional.silu",
            errors=(ErrorCase(lambda device: swish("x"), TypeError, text),),
        )
    ]
)
