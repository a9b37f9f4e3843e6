import numpy as np
import pandas as pd
import pytest

from raman_pipeline.geography.maps.geodesy import EARTH_KM, separation_km, unit_vectors
from raman_pipeline.learning.geolocation.spatial_density import Places

POINTS = 4000


def places(points, labels, classes=2):
    metadata = pd.DataFrame(points, columns=["latitude", "longitude"])
    metadata["rruff_id"] = [f"R{i}" for i in range(len(points))]
    return Places(metadata, np.array(labels), classes)


def test_the_weighted_position_is_of_countries_with_positions_and_crosses_the_date_line():
    there = places([(0, 170), (0, -170)], [0, 1])
    found = there.weighted_position(np.array([[0.5, 0.5]]))
    assert separation_km(found, unit_vectors([0], [180]))[0] < 1e-6
    there = places([(10, 20), (np.nan, np.nan)], [0, 1])
    found = there.weighted_position(np.array([[0.1, 0.9], [0.0, 1.0]]))
    assert separation_km(found[:1], unit_vectors([10], [20]))[0] < 1e-6
    assert np.isnan(found[1]).all()


def test_the_density_integrates_to_one():
    there = places([(20, 30), (-40, 100), (60, -120)], [0, 0, 1])
    # A Fibonacci lattice: every point stands for the same area.
    height = (np.arange(POINTS) + 0.5) / (POINTS / 2) - 1
    turn = np.pi * (1 + np.sqrt(5)) * np.arange(POINTS)
    radius = np.sqrt(1 - height**2)
    points = np.stack([radius * np.cos(turn), radius * np.sin(turn), height], axis=1)
    probabilities = np.tile([[0.6, 0.4]], (len(points), 1))
    density = np.exp(there.log_density(probabilities, points, 800.0))
    assert density.mean() == pytest.approx(1, rel=0.01)


def test_a_probable_place_is_denser_than_an_improbable_one():
    there = places([(20, 30), (-40, 100)], [0, 1])
    at = unit_vectors([20.0, 20.0], [30.0, 30.0])
    sure, unsure = there.log_density(np.array([[0.9, 0.1], [0.1, 0.9]]), at, 400.0)
    assert sure - unsure == pytest.approx(np.log(9), abs=0.01)
    # At its centre a kernel is 2κ times as dense as the uniform distribution.
    assert sure == pytest.approx(np.log(0.99 * 0.9 * 2 * (EARTH_KM / 400) ** 2), abs=0.01)


def test_a_specimen_is_one_place_and_no_position_at_all_is_the_uniform_density():
    metadata = pd.DataFrame({"rruff_id": ["R1"] * 5, "latitude": 1.0, "longitude": 2.0})
    assert Places(metadata, np.zeros(5, int), 1).specimens.tolist() == [1]
    there = places([(np.nan, np.nan)], [0], 1)
    at = unit_vectors([5.0, np.nan], [5.0, np.nan])
    found = there.log_density(np.ones((2, 1)), at, 100.0)
    assert found[0] == 0
    assert np.isnan(found[1])
    assert there.choose_bandwidth(np.ones((2, 1)), np.full((2, 3), np.nan)) > 0


def test_the_bandwidth_follows_the_spread():
    rng = np.random.default_rng(1)
    chosen = []
    for width in (0.3, 8.0):
        there = places(rng.normal(10, width, (200, 2)), [0] * 200, 1)
        fresh = rng.normal(10, width, (100, 2))
        at = unit_vectors(fresh[:, 0], fresh[:, 1])
        chosen.append(there.choose_bandwidth(np.ones((100, 1)), at))
    assert chosen[0] < chosen[1]
