"""The experiments of docs/what-batch-norm-does.md run, and their arithmetic is right."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest

import minigrad as mg
from docs.examples.what_batch_norm_does import (
    batch_size,
    learning_rates,
    samples,
    saturation,
    useless_bias,
    wrong_momentum,
)
from docs.examples.what_batch_norm_does.shown import spread, table
from minigrad.data import TensorDataset


@pytest.fixture(scope="module")
def few() -> samples.Samples:
    """The first digits: enough for two batches."""
    whole = samples.load("digits")
    part = lambda d, n: TensorDataset(*(t[:n] for t in d.tensors))
    return samples.Samples(part(whole.train, 128), part(whole.test, 50))


def test_the_slope_is_the_derivative_of_the_activation() -> None:
    z = np.linspace(-4, 4, 9)
    for kind, f in (("tanh", mg.tanh), ("sigmoid", mg.special.expit)):
        slopes = mg.vjp(f, mg.asarray(z))[1](mg.ones(9, dtype="float64"))[0]
        np.testing.assert_allclose(saturation.slope(kind, z), slopes.numpy(), rtol=1e-12)


def test_the_saturated_are_counted_by_their_slope() -> None:
    assert saturation.saturated("tanh", np.array([0.0, 1.0, 3.0, -5.0])) == 50
    assert saturation.saturated("sigmoid", np.array([0.0, 3.0, 5.0, -9.0])) == 50


def test_saturation_is_recorded_before_and_after_each_epoch_by_layer(few: samples.Samples) -> None:
    shares, accuracy = saturation.run(few, "tanh", "before", 10.0, seed=0, epochs=1)
    assert np.shape(shares) == (2, 5)
    assert 0 <= accuracy <= 100
    without, _ = saturation.run(few, "tanh", "none", 10.0, seed=0, epochs=1)
    assert np.min(without[0]) > np.max(shares[0])


def test_a_bias_before_batch_norm_changes_rounding_only(few: samples.Samples) -> None:
    for dtype, eps in (("float32", 1.2e-7), ("float64", 2.3e-16)):
        found = useless_bias.noise(few, dtype, seed=0)
        assert 0 < found.output < 1e3 * eps
        assert found.gradient < 1e3 * eps


def test_both_nets_of_the_bias_begin_alike_and_sgd_leaves_the_bias(few: samples.Samples) -> None:
    with_bias = useless_bias.run(few, "sgd", True, seed=0, epochs=1)
    without = useless_bias.run(few, "sgd", False, seed=0, epochs=1)
    assert with_bias.travelled[-1] < 1e-6
    assert without.travelled == [0.0, 0.0]
    assert abs(with_bias.accuracy - without.accuracy) <= 10


def test_training_runs_at_every_placement_and_stops_at_infinity(few: samples.Samples) -> None:
    for kind in learning_rates.NETS:
        for variant in learning_rates.VARIANTS:
            found = learning_rates.run(few, kind, variant, 0.1, seed=0, epochs=1)
            assert len(found.losses) == 1
            assert 0 <= found.accuracy <= 100
    lost = learning_rates.run(few, "mlp", "no batch norm, He", 1e30, seed=0, epochs=3)
    assert lost.losses[-1] == np.inf


def test_accuracies_of_batches_and_of_running_statistics_are_measured(few: samples.Samples) -> None:
    found = batch_size.run(few, 16, seed=0, epochs=1)
    assert all(0 <= value <= 100 for value in found[:3])
    assert found.train_loss > 0


def test_recalibration_closes_the_gap_that_a_wrong_momentum_leaves() -> None:
    found = wrong_momentum.run(samples.load("digits"), 0.99, 16, seed=0, epochs=1)
    assert found.cured_gap < found.gap


def test_images_are_read_from_idx_files_and_missing_ones_are_named(tmp_path: Path) -> None:
    values = np.arange(12, dtype="uint8").reshape(3, 2, 2)
    header = b"\0\0\x08\x03" + np.array([3, 2, 2], ">i4").tobytes()
    path = tmp_path / "images.gz"
    path.write_bytes(gzip.compress(header + values.tobytes()))
    np.testing.assert_array_equal(samples.read_idx(path), values)
    path.write_bytes(gzip.compress(b"no such thing"))
    with pytest.raises(ValueError, match="not an IDX file"):
        samples.read_idx(path)
    with pytest.raises(FileNotFoundError, match=r"install Fashion-MNIST .* --data digits"):
        samples.load("fashion-mnist", tmp_path / "nowhere")


def test_spreads_and_tables_are_what_they_say() -> None:
    assert spread([3.0, 1.0, 2.0]) == "2.0 (1.0 … 3.0)"
    assert table(["a", "b"], [["1", "2"]]) == "| a | b |\n| --- | --- |\n| 1 | 2 |"
