"""A site of sample archives and a store in which everything up to the folds was made."""

import shutil

import dagster as dg
import pytest

from raman_pipeline.learning.denoising.presets import AUTOENCODERS
from raman_pipeline.runs.runner import Callbacks, run_graph
from raman_pipeline.runs.status import asset_states
from raman_pipeline.settings import (
    SAMPLE_MINERALS,
    ClusteringSettings,
    DenoisingSettings,
    ForestSettings,
    IdentificationSettings,
    load_settings,
)

QUICK_AUTOENCODERS = {
    name: preset.model_copy(
        update={"patch": 16, "code": 16, "dim": 32, "encoder_depth": 1, "epochs": 2}
    )
    for name, preset in AUTOENCODERS.items()
}


def quick_settings(store, location, epochs=2):
    settings = load_settings("rruff", store=store, location=str(location))
    quick = {"epochs": epochs, "dims": (4, 8, 8, 8)}
    presets = {n: p.model_copy(update=quick) for n, p in settings.training.presets.items()}
    return settings.model_copy(
        update={
            "forest": ForestSettings(trees=20),
            "archives": settings.archives.model_copy(update={"seconds_between_requests": 0}),
            "training": settings.training.model_copy(update={"presets": presets}),
            "denoising": DenoisingSettings(presets=QUICK_AUTOENCODERS),
            "clustering": ClusteringSettings(hard_minerals=SAMPLE_MINERALS, copies=6),
            "identification": IdentificationSettings(mixtures=10),
        }
    )


@pytest.fixture(scope="session")
def made_once(tmp_path_factory, sample_folder):
    """A folder in which `pristine` holds a site, and a store made from it up to the folds."""
    base = tmp_path_factory.mktemp("made_once")
    present = base / "present"
    (present / "site").mkdir(parents=True)
    for path in sample_folder.glob("*.zip"):
        shutil.copyfile(path, present / "site" / path.name)
    settings = quick_settings(present / "store", present / "site")
    outcomes = run_graph(settings, Callbacks(), train=False)
    assert [o.errors for o in outcomes if not o.succeeded] == []
    present.rename(base / "pristine")
    return base


@pytest.fixture(scope="module")
def site(made_once):
    # Always at the same place: stores remember where things were.
    present = made_once / "present"
    shutil.rmtree(present, ignore_errors=True)
    shutil.copytree(made_once / "pristine", present)
    return present / "site"


@pytest.fixture(scope="module")
def settings(site):
    """A store in which everything up to the folds was materialised once."""
    return quick_settings(site.parent / "store", site)


def states(settings):
    return {s.asset: s for s in asset_states(settings)}


def requested(definitions, instance):
    """Returns what the sensor `follow_up` requests: (partition, assets) of each run."""
    sensor = definitions.get_repository_def().get_sensor_def("follow_up")
    with dg.build_sensor_context(instance, definitions=definitions) as context:
        data = sensor.evaluate_tick(context)
    return [
        (r.partition_key, {k.to_user_string() for k in r.asset_selection})
        for r in data.run_requests or []
    ]
