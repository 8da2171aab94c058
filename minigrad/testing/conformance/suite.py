"""The checks that grade a backend: its names, dtypes and devices, every rule on it, a net trained.

NumPy is the reference: on it the rules are proven by finite differences and other implementations,
so here a backend only has to agree with it.
"""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version

import numpy as np
from hypothesis import HealthCheck, Phase, given, settings

import minigrad as mg
from minigrad.backends import Backend
from minigrad.backends.kernels import all_array_functions

from ..derivatives import cotangent_for, gradients, second_gradients, value
from ..kernels import assert_kernels_equal
from ..record import Case, OpRecord
from ..records import everything
from ..strategies import seeds
from ..tolerance import assert_close, largest
from .conversions import can_be_seen, counted_conversions
from .report import Finding, Report
from .training import accuracy_of_a_trained_net

__all__ = ["BackendConformance"]

NOT_OPERATIONS = ("linalg", "fft", *(f"__{n}__" for n in ("version", "array_api_version")))
MOVES = ("to_device",)
"""Operations that go by way of the host because they are asked to."""

FOR_KERNELS = 20
"""Calls to try kernels on: more, as a kernel may take few of them."""

Check = Callable[[], str | None]


class BackendConformance:
    """Grades the backend called `backend`, or the one that `"package:function"` returns.

    Each operation of `records`, of all that are known unless given, is tried on `examples` drawn
    calls. `run()` returns a `Report`.

    Raises ValueError for an unknown backend and for no records, RuntimeError for a backend that
    this machine can't use.
    """

    def __init__(
        self, backend: str, *, records: Sequence[OpRecord] | None = None, examples: int = 3
    ) -> None:
        if records is not None and not records:
            raise ValueError("BackendConformance: no records, so no rule would be tested")
        self.backend = found_by_name(backend)
        self.records = everything if records is None else records
        self.examples = examples
        self.device = self.backend.default_device()

    def run(self) -> Report:
        """Make every check, and report what came out."""
        report = Report(self.backend.name, library_of(self.backend))
        sections = (
            self.names,
            self.dtypes,
            self.devices,
            self.rules,
            self.conversions,
            self.kernels,
            self.training,
        )
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the edges of domains are tried on purpose
            for section in sections:
                report.findings.extend(section())
        return report

    # --- what the library has --------------------------------------------------------------------

    def names(self) -> Iterator[Finding]:
        """Every name of the standard, as array-api-strict lists them."""
        try:
            strict = import_module("array_api_strict")
        except ImportError as error:
            yield Finding("names", "all", "was not tested", str(error))
            return
        for prefix in ("", "linalg", "fft"):
            reference = getattr(strict, prefix) if prefix else strict
            ours = getattr(mg, prefix, None) if prefix else mg
            here = getattr(self.backend.xp, prefix, None) if prefix else self.backend.xp
            for name in reference.__all__:
                if hasattr(ours, name) and name.islower() and name not in NOT_OPERATIONS:
                    full = f"{prefix}.{name}" if prefix else name
                    info = name == "__array_namespace_info__" and self.backend.info is not None
                    known = info or hasattr(here, name)
                    why = "" if known else "operations that need it fail when they are called"
                    yield Finding("names", full, "passes" if known else "is missing", why)

    def dtypes(self) -> Iterator[Finding]:
        """Every dtype keeps its values on the way to the library and back."""
        for name in ("bool", *(f"{u}int{b}" for u in ("", "u") for b in (8, 16, 32, 64))):
            yield self.graded("dtypes", name, partial(self.check_dtype, name))
        for name in ("float32", "float64", "complex64", "complex128"):
            yield self.graded("dtypes", name, partial(self.check_dtype, name))

    def check_dtype(self, name: str) -> str | None:
        """The values 0, 1 and 2 survive; else what is missing."""
        if name not in self.backend.dtypes:
            return "the library does not have it"
        host = np.array([0, 1, 2]).astype(name)
        x = mg.asarray(host, device=self.device)
        assert x.dtype == host.dtype, f"became {x.dtype}"
        np.testing.assert_array_equal(x.numpy(), host)
        return None

    def devices(self) -> Iterator[Finding]:
        """Arrays are made on every device, stay there, move with their gradient, and don't mix."""
        for device in self.backend.devices():
            yield self.graded("devices", device.name, partial(self.check_device, device))

    def check_device(self, device: mg.Device) -> str | None:
        """What is computed on a device stays there; a gradient travels back to where it belongs."""
        x = mg.tensor([1.0, 2.0], device="cpu", requires_grad=True)
        y = mg.exp(x.to(device) * 2)
        assert y.device is device, f"the result is on {y.device}"
        y.backward(mg.ones(2, device=device))
        assert x.grad is not None, "no gradient came back"
        assert_close(x.grad.numpy(), 2 * np.exp(2 * x.detach().numpy()), "the gradient of exp(2x)")
        if device != "cpu":
            try:
                x.detach() + y.detach()
            except ValueError as error:
                text = str(error)
            else:
                raise AssertionError("it mixes with NumPy in one operation, without an error")
            assert device.name in text, f"the error names no device: {text}"
        return None

    # --- every operation -------------------------------------------------------------------------

    def rules(self) -> Iterator[Finding]:
        """Value, gradient and second gradient of every record, against those on NumPy."""
        for record in self.records:
            yield self.graded("rules", record.name, partial(self.check_record, record))

    def check_record(self, record: OpRecord) -> str | None:
        """Fail unless every drawn call agrees with NumPy's; say so if none was drawn."""
        cases = drawn(record, self.examples)
        for case, seed in cases:
            self.check_case(record, case, seed)
        return None if cases else "the record draws no calls"

    def check_case(self, record: OpRecord, case: Case, seed: int) -> None:
        """Value, gradient and second gradient of one call."""
        f = lambda *xs: record.call(*xs, **case.params)
        inputs, wanted = list(case.inputs), wanted_of(record, case)
        rng = np.random.default_rng(seed)
        y = value(f, inputs, "cpu")
        close = partial(
            assert_close, terms=case.terms, magnitude=largest(*inputs, y) if y.size else 1.0
        )
        close(value(f, inputs, self.device), y, "value")
        if not wanted:
            return
        u = cotangent_for(y, rng)
        here, there = (gradients(f, inputs, wanted, u, d) for d in (self.device, "cpu"))
        size = largest(*inputs, y) * largest(u)
        for i, a, b in zip(wanted, here, there, strict=True):
            assert_close(
                a, b, f"gradient of input {i}", terms=case.terms, magnitude=size * largest(b)
            )
        directions = [cotangent_for(inputs[i], rng) for i in wanted]
        here, there = (
            second_gradients(f, inputs, wanted, u, directions, d) for d in (self.device, "cpu")
        )
        sources = [*(f"input {i}" for i in wanted), "the cotangent"]
        for source, a, b in zip(sources, here, there, strict=True):
            assert_close(
                a, b, f"second gradient by {source}", terms=case.terms, magnitude=size * largest(b)
            )

    def conversions(self) -> Iterator[Finding]:
        """No operation, forward or backward, moves an array through NumPy behind one's back."""
        if self.backend.name == "numpy":
            why = "its arrays are NumPy's"
        elif not can_be_seen(self.backend):
            why = "its arrays turn into NumPy's in a way that can't be seen"
        else:
            for record in self.records:
                if record.name not in MOVES:
                    check = partial(self.check_conversions, record)
                    yield self.graded("conversions", record.name, check)
            return
        yield Finding("conversions", "all", "was not tested", why)

    def check_conversions(self, record: OpRecord) -> str | None:
        """Fail if a call of the record, or its gradient, converts an array to NumPy."""
        for case, seed in drawn(record, 1):
            wanted = wanted_of(record, case)
            tensors = record.tensors(case, self.device, wanted)
            leaves = [tensors[i] for i in wanted]
            with counted_conversions(self.backend) as count:
                y = record.call(*tensors, **case.params)
            assert not count.conversions, f"the forward converts: {count}"
            if not leaves or not y.requires_grad:
                continue
            u = mg.asarray(cotangent_for(y, np.random.default_rng(seed)), device=y.device)
            with counted_conversions(self.backend) as count:
                mg.autograd.grad(y, leaves, u, allow_unused=True)
            assert not count.conversions, f"the backward converts: {count}"
        return None

    def kernels(self) -> Iterator[Finding]:
        """Every fused kernel equals the definition that it stands for."""
        name = self.backend.name
        kernelled = [f for f in all_array_functions if name in f.kernels]
        for record in self.records:
            parts = [] if record.primitive is None else record.primitive.array_functions
            found = [f for f in parts if f in kernelled]
            kernelled = [f for f in kernelled if f not in found]
            if found:
                check = partial(self.check_kernels, record, [f.name for f in found])
                yield self.graded("kernels", record.name, check)
        for function in kernelled:
            yield Finding("kernels", function.name, "was not tested", "no record draws calls of it")

    def check_kernels(self, record: OpRecord, names: list[str]) -> str | None:
        """Fail unless value and gradients are the same with kernels and without."""
        ran: Counter[str] = Counter()
        for case, seed in drawn(record, max(self.examples, FOR_KERNELS)):
            ran += assert_kernels_equal(record, case, seed, self.device)
        idle = [name for name in names if not ran[name]]
        return f"none of the calls was taken by the kernels of {', '.join(idle)}" if idle else None

    # --- all of it at once -----------------------------------------------------------------------

    def training(self) -> Iterator[Finding]:
        """A small net learns two moons."""

        def check() -> None:
            accuracy = accuracy_of_a_trained_net(self.device)
            assert accuracy >= 0.95, f"it learnt to an accuracy of {accuracy:.3f} only"

        yield self.graded("training", "MLP on two moons", check)

    @staticmethod
    def graded(section: str, item: str, check: Check) -> Finding:
        """The outcome of a check: it passes, fails with a reason, or says what was not tested."""
        try:
            reason = check()
        except Exception as error:
            first = str(error).strip().partition("\n")[0]
            return Finding(section, item, "fails", f"{type(error).__name__}: {first}")
        return Finding(section, item, "was not tested" if reason else "passes", reason or "")


def found_by_name(name: str) -> Backend:
    """The registered backend of that name, or what `"package.module:function"` returns."""
    module, _, function = name.partition(":")
    if not function:
        return mg.backends.get(name)
    backend: Backend = getattr(import_module(module), function)()
    mg.backends.register(backend.name, lambda: backend, module=module_of(backend.array_type))
    return mg.backends.get(backend.name)


def module_of(kind: type) -> str:
    """The top-level package that a type comes from."""
    return kind.__module__.partition(".")[0]


def library_of(backend: Backend) -> str:
    """The array library and its version, as far as its package tells."""
    module = module_of(backend.array_type)
    try:
        return f"{module} {version(module.replace('_', '-'))}"
    except PackageNotFoundError:
        return module


def wanted_of(record: OpRecord, case: Case) -> list[int]:
    """The inputs that have a derivative: none of an operation that has not."""
    return [] if record.constant or record.undefined else record.wanted(case)


def drawn(record: OpRecord, count: int) -> list[tuple[Case, int]]:
    """`count` calls of a record with a seed each, the same ones every time."""
    found: list[tuple[Case, int]] = []

    @settings(
        max_examples=count, database=None, derandomize=True, deadline=None,
        phases=[Phase.generate], suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(record.draw(), seeds)
    def collect(case: Case, seed: int) -> None:
        found.append((case, seed))

    collect()
    return found
