"""Ranks that are processes of MPI, through mpi4py: the extra `mpi`. Loaded by those who use it."""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad.extend import backend_of

__all__ = ["MPICommunicator"]


class MPICommunicator:
    """The processes of an mpi4py communicator, COMM_WORLD unless given.

    Arrays of any backend; they go through the host. Raises ImportError without mpi4py.
    """

    def __init__(self, comm: Any = None) -> None:
        try:
            from mpi4py import MPI
        except ImportError as error:
            raise ImportError(
                "MPICommunicator: mpi4py is missing; pip install 'minigrad[mpi]'"
            ) from error
        self.comm = MPI.COMM_WORLD if comm is None else comm
        self.size: int = self.comm.Get_size()
        self.rank: int = self.comm.Get_rank()

    def all_reduce_sum(self, array: Any) -> Any:
        """The sum over all processes, on the device of `array`."""
        backend = backend_of(array)
        assert backend is not None  # batch norm hands over arrays that a backend made
        own = np.ascontiguousarray(backend.to_numpy(array))
        found = np.empty_like(own)
        self.comm.Allreduce(own, found)
        return backend.asarray(found, device=backend.device_of(array))

    def __deepcopy__(self, memo: dict[int, Any]) -> MPICommunicator:
        return self
