"""Sites and stores made once a session, and copied for each module that changes them."""

import fcntl
import os
import shutil
from contextlib import contextmanager
from pathlib import Path

import dagster as dg
import pytest

from raman_pipeline.learning.denoising.presets import AUTOENCODERS
from raman_pipeline.orchestration.partitions import ARCHIVES
from raman_pipeline.profiles import SAMPLE_MINERALS, load_settings
from raman_pipeline.runs.execution import Callbacks, run_alone
from raman_pipeline.runs.runner import run_graph
from raman_pipeline.runs.status import asset_states
from raman_pipeline.settings import (
    ClusteringSettings,
    DenoisingSettings,
    ForestSettings,
    IdentificationSettings,
)

TWO_ARCHIVES = ("excellent_oriented", "unrated_unoriented")
"""66 members, 8 of them refused: enough for five folds of every split."""

QUICK_AUTOENCODERS = {
    name: preset.model_copy(
        update={"patch": 16, "code": 16, "dim": 32, "encoder_depth": 1, "epochs": 2}
    )
    for name, preset in AUTOENCODERS.items()
}


def quick_settings(store, location, epochs=2):
    settings = load_settings("rruff", store=store, location=str(location))
    quick = {"steps": epochs, "dims": (4, 8, 8, 8)}
    presets = {n: p.model_copy(update=quick) for n, p in settings.training.presets.items()}
    return settings.model_copy(
        update={
            "forest": ForestSettings(trees=20),
            "archives": settings.archives.model_copy(update={"seconds_between_requests": 0}),
            "training": settings.training.model_copy(update={"presets": presets}),
            "denoising": DenoisingSettings(presets=QUICK_AUTOENCODERS),
            "clustering": ClusteringSettings(hard_minerals=SAMPLE_MINERALS, copies=6),
            "identification": IdentificationSettings(mixtures=10, robustness=10),
        }
    )


def use_archives_of(site):
    """Lets the graph have the two archives of a `small` store alone, while this process lasts."""
    if {path.stem for path in Path(site).glob("*.zip")} == {*TWO_ARCHIVES}:
        ARCHIVES._partition_keys = list(TWO_ARCHIVES)


def _copied(tmp_path_factory, name, archives):
    """Returns settings of a copy of a store that was made up to the folds, once a session."""
    base = tmp_path_factory.getbasetemp()
    # Workers of one session share the folder above their own.
    base = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    made, done = base / name, base / f"{name}.done"
    with (base / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            shutil.rmtree(made, ignore_errors=True)
            (made / "site").mkdir(parents=True)
            for path in archives:
                shutil.copyfile(path, made / "site" / path.name)
            made_of = quick_settings(made / "store", made / "site")
            outcomes = run_graph(made_of, Callbacks(), train=False)
            assert [o.errors for o in outcomes if not o.succeeded] == []
            done.touch()
    copy = tmp_path_factory.mktemp(name)
    shutil.copytree(made, copy, dirs_exist_ok=True)
    # An archive is unchanged only at the address from which it was fetched.
    for path in copy.rglob("manifest.json"):
        path.write_text(path.read_text().replace(str(made), str(copy)))
    return quick_settings(copy / "store", copy / "site")


@pytest.fixture(scope="module")
def settings(tmp_path_factory, sample_folder):
    """A store of all sample archives, materialised up to the folds."""
    return _copied(tmp_path_factory, "whole", sample_folder.glob("*.zip"))


@contextmanager
def two_archives():
    """Lets the graph have two archives and no other."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ARCHIVES, "_partition_keys", list(TWO_ARCHIVES))
        yield


@pytest.fixture(scope="module")
def small_store(tmp_path_factory, sample_folder):
    """A store of two archives, materialised up to the folds, for a graph of `two_archives`."""
    with two_archives():
        paths = [sample_folder / f"{name}.zip" for name in TWO_ARCHIVES]
        return _copied(tmp_path_factory, "small", paths)


@pytest.fixture
def small(small_store):
    """That store, and a graph without other archives while the test lasts."""
    with two_archives():
        yield small_store


def site_of(settings):
    return Path(settings.archives.location)


def states(settings):
    return {s.asset: s for s in asset_states(settings)}


def requests(definitions, instance):
    """Returns what the sensor `follow_up` requests."""
    sensor = definitions.get_repository_def().get_sensor_def("follow_up")
    with dg.build_sensor_context(instance, definitions=definitions) as context:
        return sensor.evaluate_tick(context).run_requests or []


def requested(definitions, instance):
    """Returns partition and assets of each run that `follow_up` requests."""
    return [
        (r.partition_key, {k.to_user_string() for k in r.asset_selection})
        for r in requests(definitions, instance)
    ]


def in_this_process(settings, callbacks, runs, processes):
    """Stands for `runner.in_processes` where spawning is not what is tested."""
    outcomes = [run_alone(settings, run) for run in runs]
    for outcome in outcomes:
        callbacks.on_outcome(outcome)
    return outcomes
