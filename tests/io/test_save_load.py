"""What is saved is loaded again, by minigrad and by others; anything else is refused by name."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

import minigrad as mg
from minigrad.io import load, load_metadata, save

dtypes = ["float16", "float32", "float64", "int8", "int32", "int64", "uint8", "uint64", "bool"]
names = st.text(
    st.characters(exclude_characters="/", exclude_categories=["Cs"]), min_size=1
).filter(lambda name: not name.startswith("[") and name != "__metadata__")
tensors = st.sampled_from(dtypes).flatmap(
    lambda dtype: arrays.arrays(dtype, arrays.array_shapes(min_dims=0, max_dims=3, max_side=3))
)
plain = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()


def same(one: Any, two: Any) -> bool:
    """Equal keys, types, dtypes, shapes and bits."""
    if isinstance(one, dict):
        return one.keys() == two.keys() and all(same(one[key], two[key]) for key in one)
    if isinstance(one, mg.Tensor):
        a, b = one.numpy(), two.numpy()
        return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()
    return type(one) is type(two) and one == two


@given(
    st.recursive(
        st.dictionaries(names | st.integers(), tensors.map(mg.tensor) | plain | st.lists(plain)),
        lambda inner: st.dictionaries(names | st.integers(), inner, max_size=3),
        max_leaves=5,
    )
)
def test_a_nested_state_comes_back_bit_for_bit(
    tmp_path_factory: pytest.TempPathFactory, state: dict[Any, Any]
) -> None:
    path = tmp_path_factory.mktemp("io") / "state.safetensors"
    save(path, state)
    assert same(load(path), state)


@pytest.mark.parametrize("dtype", ["float32", "float64", "int64", "uint8", "bool"])
@pytest.mark.parametrize("shape", [(), (3,), (0, 2), (2, 3)])
def test_tensors_of_every_device_come_back(
    tmp_path: Path, device: mg.Device, dtype: str, shape: tuple[int, ...]
) -> None:
    t = mg.ones(shape, dtype=mg.dtype(dtype), device=device)
    save(tmp_path / "t", {"t": t})
    back = load(tmp_path / "t", device=device)["t"]
    assert back.device is device
    assert same({"t": t}, {"t": back})


def test_views_are_saved_as_they_read(tmp_path: Path) -> None:
    t = mg.tensor([[1.0, 2.0], [3.0, 4.0]])
    save(tmp_path / "t", {"transposed": t.mT, "reversed": mg.flip(t), "row": t[:, 1]})
    back = load(tmp_path / "t")
    assert back["transposed"].tolist() == [[1.0, 3.0], [2.0, 4.0]]
    assert back["reversed"].tolist() == [[4.0, 3.0], [2.0, 1.0]]
    assert back["row"].tolist() == [2.0, 4.0]


def test_a_tensor_that_requires_grad_is_saved_as_its_value(tmp_path: Path) -> None:
    save(tmp_path / "t", {"w": mg.tensor([1.0], requires_grad=True)})
    assert not load(tmp_path / "t")["w"].requires_grad


def test_a_flat_state_is_a_plain_safetensors_file(tmp_path: Path) -> None:
    theirs = pytest.importorskip("safetensors.numpy")
    save(tmp_path / "t", {"0.weight": mg.tensor([1.0, 2.0])}, {"made by": "a test"})
    assert theirs.load_file(tmp_path / "t")["0.weight"].tolist() == [1.0, 2.0]
    assert load_metadata(tmp_path / "t") == {"made by": "a test"}
    theirs.save_file({"a/b": numpy.ones(2), "[0]": numpy.ones(1)}, tmp_path / "u")
    assert {name: t.tolist() for name, t in load(tmp_path / "u").items()} == {
        "a/b": [1.0, 1.0],
        "[0]": [1.0],
    }


def test_paths_are_those_of_the_docstring(tmp_path: Path) -> None:
    save(tmp_path / "t", {"state": {0: {"step": mg.tensor(3.0)}}, "lr": 0.1})
    header = (tmp_path / "t").read_bytes()
    header = json.loads(header[8 : 8 + int.from_bytes(header[:8], "little")])
    assert "state/[0]/step" in header
    assert json.loads(header["__metadata__"]["minigrad"]) == {"lr": 0.1}


@pytest.mark.parametrize(
    ("state", "error", "message"),
    [
        ({"a": numpy.ones(2)}, TypeError, "a is a ndarray; expected a Tensor"),
        ({"a": {"b": [mg.ones(1)]}}, TypeError, "a/b is a list; expected a Tensor"),
        ({"a": print}, TypeError, "a is a builtin_function_or_method"),
        ({1.5: mg.ones(1)}, TypeError, "key 1.5 is neither a string nor an integer"),
        ({True: mg.ones(1)}, TypeError, "key True is neither a string nor an integer"),
        ({"a/b": mg.ones(1)}, ValueError, "key 'a/b' can't be part of a path"),
        ({"[7]": mg.ones(1)}, ValueError, r"key '\[7\]' can't be part of a path"),
        ({"": mg.ones(1)}, ValueError, "key '' can't be part of a path"),
    ],
)
def test_a_state_that_cannot_be_kept_is_refused_and_nothing_written(
    tmp_path: Path, state: dict[Any, Any], error: type[Exception], message: str
) -> None:
    save(tmp_path / "t", {"old": mg.ones(1)})
    with pytest.raises(error, match=message):
        save(tmp_path / "t", state)
    assert list(load(tmp_path / "t")) == ["old"]
    assert [path.name for path in tmp_path.iterdir()] == ["t"]


@pytest.mark.parametrize("metadata", [{"minigrad": "taken"}, {"n": 3}])
def test_metadata_that_is_no_text_or_takes_our_name_is_refused(
    tmp_path: Path, metadata: dict[str, Any]
) -> None:
    with pytest.raises(TypeError, match="metadata holds texts by name"):
        save(tmp_path / "t", {}, metadata)


@given(st.floats(0, 1, exclude_max=True))
def test_a_truncated_file_is_refused(tmp_path_factory: pytest.TempPathFactory, part: float) -> None:
    path = tmp_path_factory.mktemp("io") / "state.safetensors"
    save(path, {"w": mg.ones((5, 5)), "nested": {"lr": 0.1}})
    whole = path.read_bytes()
    path.write_bytes(whole[: int(part * len(whole))])
    with pytest.raises(
        ValueError, match=r"state\.safetensors is no safetensors file, or a truncated"
    ):
        load(path)


def test_a_foreign_file_is_refused(tmp_path: Path) -> None:
    import pickle

    for data in (pickle.dumps({"a": 1}), b"PK\x03\x04" + bytes(200), bytes(100)):
        (tmp_path / "t").write_bytes(data)
        with pytest.raises(ValueError, match="no safetensors file"):
            load(tmp_path / "t")


def test_a_dtype_that_numpy_lacks_is_named(tmp_path: Path) -> None:
    header = json.dumps({"w": {"dtype": "BF16", "shape": [1], "data_offsets": [0, 2]}}).encode()
    (tmp_path / "t").write_bytes(len(header).to_bytes(8, "little") + header + b"\0\0")
    with pytest.raises(ValueError, match="holds data of type 'BF16', which NumPy lacks"):
        load(tmp_path / "t")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="nowhere"):
        load(tmp_path / "nowhere")


def test_importing_minigrad_imports_neither_safetensors_nor_the_command_line() -> None:
    program = (
        "import sys, minigrad, minigrad.io; "
        "print([m for m in ('safetensors', 'typer', 'rich', 'matplotlib', 'minigrad.cli') "
        "if m in sys.modules])"
    )
    output = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert output.stdout.strip() == "[]"
