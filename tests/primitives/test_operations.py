"""Every operation of the table: value, gradient, second gradient, conduct and errors."""

from minigrad.testing import op_tests
from minigrad.testing.records import everything

TestOperations = op_tests(everything)
