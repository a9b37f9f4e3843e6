"""The named profiles, and what the environment changes of them.

A profile is a complete set of settings with its own store and Dagster instance, so that
simulated and real results are never in one table. The environment can change:
`RAMAN_PIPELINE_PROFILE`; `RAMAN_PIPELINE_STORE` (a folder, or `s3://bucket/prefix` with
`RAMAN_PIPELINE_S3_ENDPOINT`, the address of the server, and `RAMAN_PIPELINE_LOCAL`, the folder of
what cannot lie in a bucket); `RAMAN_PIPELINE_FOLDS` (a CSV of `export-folds` whose folds are kept);
`RAMAN_PIPELINE_DB` (a Postgres database); `RAMAN_PIPELINE_ENGINE` (`local` or `ray`); and, for the
profiles that use the network, `RRUFF_URL` (where the archives are),
`NATURAL_EARTH_URL` (where the map is; `embedded` for none), `GEOCODERS` (names of services),
`NOMINATIM_URL`, `PHOTON_URL`, `ARCGIS_URL` (endpoints of one's own) and `ARCGIS_TOKEN`.
"""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path
from typing import TypedDict, get_args

from pydantic import SecretStr

from raman_pipeline.common.database import postgres_url
from raman_pipeline.common.processes import Engine
from raman_pipeline.common.storage import StorePath, on_this_machine, store_path
from raman_pipeline.geography.geocoding.service_terms import TERMS, ServiceName
from raman_pipeline.geography.maps.natural_earth import NATURAL_EARTH_URL
from raman_pipeline.learning.denoising.presets import AUTOENCODERS
from raman_pipeline.learning.training.presets import (
    PRESETS,
    AugmentationRecipe,
    ConvNeXtPreset,
    PresetName,
)
from raman_pipeline.settings import (
    EMBEDDED,
    ArchiveSettings,
    ClusteringSettings,
    DenoisingSettings,
    ExperimentSettings,
    FoldSettings,
    ForestSettings,
    GeographySettings,
    GridSettings,
    IdentificationSettings,
    ProfileName,
    ServiceSettings,
    Settings,
    SettingsError,
    TrainingSettings,
    working_folder,
)

PROFILES: tuple[ProfileName, ...] = get_args(ProfileName)
ENGINES: tuple[Engine, ...] = get_args(Engine)
SAMPLE_MINERALS = ("Albite", "Almandine", "Andradite", "Diopside", "Forsterite", "Microcline")
"""Those of the hard set that the sample archives hold."""
_SMALL_NETWORK = {
    "depths": (1, 1, 1, 1),
    "dims": (16, 24, 32, 64),
    "drop_path": 0.0,
    "dropout": 0.1,
    "weight_decay": 0.01,
    "warmup_steps": 10,
    "batch_size": 16,
    "augmentation": AugmentationRecipe(sibling=1.0),
}
_SAMPLE_NETWORKS: dict[PresetName, ConvNeXtPreset] = {
    # As the paper has them, stem and initial weights learn nothing in so few steps.
    "paper": PRESETS["paper"].model_copy(
        update=_SMALL_NETWORK
        | {"steps": 450, "learning_rate": 5e-3, "initialisation": "fan_in"}
        | {"stem_norm": False, "position_embedding": True}
    ),
    "default": PRESETS["default"].model_copy(
        update=_SMALL_NETWORK | {"steps": 300, "learning_rate": 2e-2}
    ),
}
"""Small networks for the sample archives, trained in seconds."""
_PAPER_NETWORKS: dict[PresetName, ConvNeXtPreset] = {
    # Steps of the curves in docs/geolocation.md: hours on a CPU, minutes on a GPU.
    "paper": PRESETS["paper"].model_copy(update={"steps": 35_000}),
    "default": PRESETS["default"].model_copy(update={"steps": 5_000}),
}
RRUFF_SITE = "https://www.rruff.net/zipped_data_files/raman"


def load_settings(
    profile: str | None = None,
    store: str | StorePath | None = None,
    location: str | None = None,
    engine: str | None = None,
) -> Settings:
    """Returns the settings of a profile; arguments go before the environment.

    Args:
        profile: one of PROFILES; RAMAN_PIPELINE_PROFILE, else `sample`.
        store: folder of the profile, or `s3://bucket/prefix`; RAMAN_PIPELINE_STORE, else
            `data/store/<profile>` of the checkout, or of the current folder where the package is
            installed without one.
        location: of the archives; RRUFF_URL, else the site. Not used by `sample`.
        engine: `local` or `ray`; RAMAN_PIPELINE_ENGINE, else `local`.

    Raises:
        SettingsError: the profile does not exist, or what the environment names cannot be used.
    """
    chosen = {"database": _database(), "engine": chosen_engine(engine)}
    return _of_profile(profile, store, location).model_copy(update=chosen)


def _of_profile(
    profile: str | None, store: str | StorePath | None, location: str | None
) -> Settings:
    name = profile or os.environ.get("RAMAN_PIPELINE_PROFILE") or "sample"
    if name not in PROFILES:
        raise SettingsError(f"PROFILE={name}: there is no such profile; use {', '.join(PROFILES)}")
    folds = _folds()
    where = _places(store or os.environ.get("RAMAN_PIPELINE_STORE"), name)
    if name == "sample":
        return Settings(
            profile=name,
            **where,
            folds=folds,
            archives=ArchiveSettings(
                location=str(EMBEDDED / "rruff-sample"), seconds_between_requests=0
            ),
            # Some 150 spectra per fold: a shorter grid, small forests, small networks.
            grid=GridSettings(points=512),
            forest=ForestSettings(trees=50),
            experiments=ExperimentSettings(seeds=1),
            training=TrainingSettings(presets=_SAMPLE_NETWORKS),
            denoising=DenoisingSettings(
                presets={
                    name: preset.model_copy(update={"epochs": 2, "dim": 64, "code": 24})
                    for name, preset in AUTOENCODERS.items()
                }
            ),
            clustering=ClusteringSettings(hard_minerals=SAMPLE_MINERALS, copies=10),
            identification=IdentificationSettings(mixtures=30, robustness=40),
        )
    archives = ArchiveSettings(location=location or os.environ.get("RRUFF_URL") or RRUFF_SITE)
    geography = _geography()
    if name == "paper":
        return Settings(
            profile=name,
            **where,
            archives=archives,
            geography=geography,
            folds=FoldSettings(kinds=("RAW", "Processed"), file=folds.file),
            training=TrainingSettings(presets=_PAPER_NETWORKS),
        )
    return Settings(profile=name, **where, archives=archives, geography=geography, folds=folds)


class _Places(TypedDict):
    """Where a profile keeps its results, and what cannot lie in a bucket."""

    store: StorePath
    machine_folder: Path | None


def _places(chosen: str | StorePath | None, profile: ProfileName) -> _Places:
    """Returns the store and the folder beside it; both are one unless the store is a bucket."""
    data = working_folder() / "data"
    store = store_path(chosen or data / "store" / profile)
    if isinstance(store, Path):
        return {"store": store.resolve(), "machine_folder": None}
    beside = os.environ.get("RAMAN_PIPELINE_LOCAL") or data / "local"
    folder = on_this_machine(beside, "RAMAN_PIPELINE_LOCAL")
    return {"store": store, "machine_folder": folder.resolve() / store.path}


def _database() -> SecretStr | None:
    """Returns the address of the shared database, if the environment names one."""
    address = os.environ.get("RAMAN_PIPELINE_DB")
    if not address:
        return None
    postgres_url(address)  # says what is wrong
    _require("dagster_postgres", "postgres", "RAMAN_PIPELINE_DB")
    return SecretStr(address)


def chosen_engine(chosen: str | None) -> Engine:
    """Returns the engine that an option or the environment names.

    Raises:
        SettingsError: there is no such engine, or it is not installed.
    """
    engine = chosen or os.environ.get("RAMAN_PIPELINE_ENGINE") or "local"
    if engine not in ENGINES:
        raise SettingsError(f"{engine} is no engine; use {' or '.join(ENGINES)}")
    if engine == "ray":
        _require("dagster_ray", "ray", "engine ray")
        if not os.environ.get("RAY_ADDRESS"):
            raise SettingsError(
                "engine ray: set RAY_ADDRESS to the dashboard of the cluster, such as "
                "http://127.0.0.1:8265"
            )
    return engine


def _require(module: str, extra: str, wanted_by: str) -> None:
    if find_spec(module) is None:
        raise SettingsError(f"{wanted_by}: pip install 'raman-pipeline[{extra}]' first")


def _folds() -> FoldSettings:
    """Returns folds that start from the file that the environment names."""
    file = os.environ.get("RAMAN_PIPELINE_FOLDS")
    if not file:
        return FoldSettings()
    path = on_this_machine(file, "RAMAN_PIPELINE_FOLDS").resolve()
    if not path.is_file():
        raise SettingsError(f"RAMAN_PIPELINE_FOLDS={file}: no such file")
    return FoldSettings(file=path)


def _geography() -> GeographySettings:
    """Returns maps and geocoders as the environment sets them."""
    chosen = os.environ.get("GEOCODERS", "").replace(",", " ").split()
    unknown = sorted(set(chosen) - set(TERMS))
    if unknown:
        raise SettingsError(
            f"GEOCODERS={' '.join(chosen)}: {', '.join(unknown)} is no geocoder; "
            f"use {', '.join(TERMS)}"
        )
    token = os.environ.get("ARCGIS_TOKEN")
    if "arcgis" in chosen and not token:
        raise SettingsError(
            "GEOCODERS names arcgis, whose answers may be stored only with a token: "
            "set ARCGIS_TOKEN, or leave arcgis out"
        )
    url = os.environ.get("NATURAL_EARTH_URL") or NATURAL_EARTH_URL
    return GeographySettings(
        natural_earth_url=None if url == "embedded" else url,
        geocoders=tuple(dict.fromkeys(chosen)),
        services={name: _service(name) for name in TERMS},
        arcgis_token=SecretStr(token) if token else None,
    )


def _service(name: ServiceName) -> ServiceSettings:
    """Returns a service with its rate limit, or the user's own endpoint without one."""
    endpoint = os.environ.get(f"{name.upper()}_URL")
    if endpoint and not endpoint.startswith(("http://", "https://")):
        raise SettingsError(f"{name.upper()}_URL={endpoint}: start it with http:// or https://")
    if endpoint and endpoint.rstrip("/") != TERMS[name].endpoint:
        return ServiceSettings(endpoint=endpoint, seconds_between_requests=0)
    terms = TERMS[name]
    return ServiceSettings(
        endpoint=terms.endpoint, seconds_between_requests=terms.seconds_between_requests
    )
