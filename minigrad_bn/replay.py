"""Several ranks in one process, one after the other, with the memory of one.

A rank that asks for a sum to which others have not contributed yet is stopped, and the next one
runs up to the same place. Then all of them start again, and are given the sums that are known. So
everything before the k-th sum is computed k times, and at any moment only one rank's graph is
there: what gradient accumulation is for. Nothing is approximated.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import nullcontext
from typing import Any

import minigrad as mg

__all__ = ["Replay"]


class Replay:
    """A communicator whose ranks are the parts that `run` is given; outside of it, there is one.

        micro = Replay()
        net = convert_sync_batchnorm(net, micro)
        micro.run(lambda batch: loss_of(net, batch).backward(), micro_batches)

    leaves the gradients, the running statistics and their counter of one backward over the whole
    batch, if the losses add up to its loss. A net with L batch norms is run 2 L + 1 times for each
    part, less and less of it skipped.
    """

    def __init__(self) -> None:
        self.size, self.rank = 1, 0
        self._sums: list[tuple[int, Any]] = []
        self._step = 0

    def run(self, function: Callable[[Any], Any], parts: Iterable[Any]) -> list[Any]:
        """What `function` returns for each of `parts`, which are the ranks of this communicator.

        It is called several times a part, and has to do the same each time; `backward()` adds to
        no `grad` unless it comes to its end. The random numbers of `mg.random` are the same each
        time, and others for each part. Layers update their state once, for the last part.

        Raises RuntimeError inside another `run`, and for parts that ask for different sums.
        """
        parts = list(parts)
        if self.size != 1 or self._sums:
            raise RuntimeError("Replay: run() inside run(); use a communicator for each")
        random: Any = mg.random  # a module that minigrad loads when it is asked for
        generator = random.default_generator()
        states = [generator.spawn().state_dict() for _ in parts]
        after = generator.state_dict()
        try:
            self.size = len(parts)
            while True:
                known = self._known
                results: list[Any] = []
                for self.rank, part in enumerate(parts):
                    self._step = 0
                    generator.load_state_dict(states[self.rank])
                    last = len(results) == self.rank == self.size - 1
                    try:
                        with nullcontext() if last else mg.autograd.no_state_update():
                            results.append(function(part))
                    except Waiting:
                        pass
                if len(results) == self.size and self._known == len(self._sums):
                    return results
                if self._known == known:
                    raise RuntimeError(
                        "Replay: the parts ask for different sums; each has to go through the same "
                        "layers, forward and backward, in the same order"
                    )
        finally:
            self.size, self.rank, self._sums = 1, 0, []
            generator.load_state_dict(after)

    def all_reduce_sum(self, array: Any) -> Any:
        """The sum over all parts, in their order; stops this part while it is not known."""
        if self.size == 1:
            return array
        step, self._step = self._step, self._step + 1
        if step == len(self._sums):
            self._sums.append((0, None))
        count, total = self._sums[step]
        if count == self.size:
            return total
        if count == self.rank:
            self._sums[step] = count + 1, array if total is None else total + array
        # The last one knows the sum, but must not end, and add to a `grad`, before the others.
        raise Waiting

    @property
    def _known(self) -> int:
        return sum(count == self.size for count, _ in self._sums)

    def __deepcopy__(self, memo: dict[int, Any]) -> Replay:
        return self


class Waiting(BaseException):
    """Stops a part; no Exception, so that no one takes it for an error."""
