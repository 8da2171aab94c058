"""scipy.spatial.transform.Rotation."""

from __future__ import annotations

from scipy.spatial.transform import Rotation

from .row import Domain, Neighbour, real

__all__ = ["rows"]

angles = Domain(-1.0, 1.0, (3,))


def method(name: str, call: object, *inputs: Domain) -> Neighbour:
    return Neighbour(f"scipy.spatial.transform.Rotation.{name}", call, inputs or (angles,))


rows = [
    method("from_rotvec", lambda v: Rotation.from_rotvec(v).as_quat()),
    method("from_quat", lambda q: Rotation.from_quat(q).as_matrix(), Domain(0.2, 1.0, (4,))),
    method("apply", lambda v, x: Rotation.from_rotvec(v).apply(x), angles, real(3)),
    method("from_euler", lambda v: Rotation.from_euler("xyz", v).as_quat()),
    method("from_matrix", lambda v: Rotation.from_matrix(Rotation.from_rotvec(v).as_matrix())
           .as_quat()),
    method("__mul__", lambda v, w: (Rotation.from_rotvec(v) * Rotation.from_rotvec(w)).as_quat(),
           angles, angles),
    method("magnitude", lambda v: Rotation.from_rotvec(v).magnitude()),
]  # fmt: skip
