"""Loads what a run needs, once, in the process from which the processes of `test_kills` fork."""

# ruff: noqa: F401
import geopandas
import geopy
import matplotlib.pyplot
import numba
import pandera
import plotly
import scipy.interpolate
import sklearn.model_selection
from dagster import DagsterInstance

from raman_pipeline_tests.integration import test_kills

with DagsterInstance.local_temp():
    pass
