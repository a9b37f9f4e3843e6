"""Settings and the named profiles.

What belongs here: every choice of a run, typed, with its reason. What does not: the layers of
networks (see the presets of `learning`).

A profile is a complete set of settings with its own store and Dagster instance, so that
simulated and real results are never in one table. The environment
can change: `RAMAN_PIPELINE_PROFILE`, `RAMAN_PIPELINE_STORE` (a folder), and, for the
profiles that use the network, `RRUFF_URL` (where the archives are), `NATURAL_EARTH_URL`
(where the map is; `embedded` for none), `GEOCODERS` (names of services),
`NOMINATIM_URL`, `PHOTON_URL`, `ARCGIS_URL` (endpoints of one's own) and `ARCGIS_TOKEN`.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, PositiveInt, SecretStr

from raman_pipeline.common import atomic
from raman_pipeline.common.errors import InputError
from raman_pipeline.geography.geocoding.service_terms import TERMS, ServiceName
from raman_pipeline.geography.maps.gazetteer import geonames_files
from raman_pipeline.geography.maps.natural_earth import NATURAL_EARTH_SHA256, NATURAL_EARTH_URL
from raman_pipeline.learning.clustering.tasks import HARD_MINERALS, THREE_MINERALS
from raman_pipeline.learning.denoising.presets import (
    AUTOENCODERS,
    AutoencoderName,
    AutoencoderPreset,
)
from raman_pipeline.learning.synthetic_tasks.presets import PAPER, EmbeddingPreset
from raman_pipeline.learning.training.presets import (
    PRESETS,
    AugmentationRecipe,
    ConvNeXtPreset,
    PresetName,
)
from raman_pipeline.universal_synthetic import VARIATION_SEED

EMBEDDED = Path(__file__).resolve().with_name("embedded")
"""Folder of the package's data: sample archives, maps, overrides."""
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
        | {"epochs": 50, "learning_rate": 5e-3, "initialisation": "fan_in"}
        | {"stem_norm": False, "position_embedding": True}
    ),
    "default": PRESETS["default"].model_copy(
        update=_SMALL_NETWORK | {"epochs": 40, "learning_rate": 2e-2}
    ),
}
"""Small networks for the sample archives, trained in seconds."""
RRUFF_SITE = "https://www.rruff.net/zipped_data_files/raman"
INDEX_URL = "RAMAN_PIPELINE_INDEX_URL"
"""Variable with the address at which `raman-pipeline ui` serves the page of all results."""

ProfileName = Literal["sample", "rruff", "paper"]
PROFILES: tuple[ProfileName, ...] = get_args(ProfileName)


class SettingsError(InputError):
    """A setting cannot be used; the message names it and what would do."""


def _here() -> Path:
    """Returns the folder of the checkout, or the current folder where there is none."""
    checkout = EMBEDDED.parents[1]
    return checkout if (checkout / "pyproject.toml").exists() else Path.cwd()


def _overrides_file() -> Path:
    own = _here() / "data" / "locality_overrides.csv"
    return own if own.exists() else EMBEDDED / own.name


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ArchiveSettings(_Part):
    """Location of the archives, and the rate and retries of requests."""

    location: str
    seconds_between_requests: float = Field(2.0, ge=0)
    timeout_s: float = Field(60.0, gt=0)
    attempts: PositiveInt = 5
    backoff_s: float = Field(2.0, ge=0)
    max_shrink: float = Field(
        0.2, ge=0, le=1, description="share of members that an accepted update may lose"
    )


class ServiceSettings(_Part):
    """A geocoding service, and the rate and retries of requests."""

    endpoint: str
    seconds_between_requests: float = Field(1.0, ge=0)
    timeout_s: float = Field(20.0, gt=0)
    attempts: PositiveInt = 5
    backoff_s: float = Field(2.0, ge=0)


class GeographySettings(_Part):
    """Country polygons and geocoders."""

    countries_file: Path = EMBEDDED / "natural_earth_50m_countries.parquet"
    admin_divisions_file: Path = EMBEDDED / "admin_divisions.parquet"
    natural_earth_url: str | None = Field(
        None, description="folder of the 1:10m map; None keeps to the embedded 1:50m"
    )
    natural_earth_sha256: str = NATURAL_EARTH_SHA256
    overrides_file: Path = Field(default_factory=_overrides_file)
    geocoders: tuple[ServiceName, ...] = Field(
        (), description="used besides the offline gazetteer, in this order"
    )
    services: dict[ServiceName, ServiceSettings] = {}
    arcgis_token: SecretStr | None = None
    empty_days: float = Field(60.0, gt=0, description="time-to-live of negative answers")


class GridSettings(_Part):
    """The common grid of all spectra; its window is found from the data."""

    points: int = Field(1024, ge=64, description="grid points over the whole window")
    interpolation: Literal["cubic", "pchip"] = "cubic"


class FoldSettings(_Part):
    """Selection and splits of spectra."""

    kinds: tuple[Literal["RAW", "Processed"], ...] = Field(
        ("Processed",), description="one row per measurement; both kinds count it twice"
    )
    min_per_country: PositiveInt = Field(2, description="as in Pappone (2024), section 5.1")
    seed: int = 0


class TrainingSettings(_Part):
    """Training of networks."""

    presets: dict[PresetName, ConvNeXtPreset] = PRESETS
    seed: int = 0


class ForestSettings(_Part):
    """Randomised trees."""

    trees: PositiveInt = 300


class ExperimentSettings(_Part):
    """Experiments of many fits."""

    seeds: PositiveInt = Field(3, description="number of seeds of the paired comparison")


class FineGridSettings(_Part):
    """Grid of the spectra to denoise."""

    start_cm1: float = Field(100.0, description="nearly all points of RRUFF lie in 100 to 1,300")
    step_cm1: float = Field(1.0, gt=0, description="sharp bands need about 1 cm⁻¹")
    points: int = Field(1200, ge=64)


class DenoisingSettings(_Part):
    """The denoising autoencoders."""

    presets: dict[AutoencoderName, AutoencoderPreset] = AUTOENCODERS


class ClusteringSettings(_Part):
    """The spectra to cluster, augmented ones included, and the number of clusters."""

    minerals: tuple[str, ...] = THREE_MINERALS
    hard_minerals: tuple[str, ...] = HARD_MINERALS
    clusters: int = Field(3, ge=2)
    seeds: int = Field(5, ge=1, le=5, description="number of seeds that `cluster` runs by default")
    augmented_of: str = Field("Albite", description="mineral whose spectra are augmented")
    copies: int = Field(50, ge=0)
    amplitude: float = Field(0.1, ge=0, lt=1, description="peak heights vary by this factor")
    noise: float = Field(0.02, ge=0, description="standard deviation of noise added to copies")


class IdentificationSettings(_Part):
    """Evaluation of identification."""

    mixtures: PositiveInt = Field(600, description="of two minerals, and as many of three")
    seed: int = 0


class SyntheticSettings(_Part):
    """The universal synthetic tasks."""

    variation_seed: int = Field(VARIATION_SEED, description="of seed 0; the others add theirs")
    embedding: EmbeddingPreset = PAPER


class Settings(_Part):
    """All settings of a run."""

    profile: ProfileName
    store: Path
    archives: ArchiveSettings
    geography: GeographySettings = Field(default_factory=GeographySettings)
    grid: GridSettings = GridSettings()
    folds: FoldSettings = FoldSettings()
    training: TrainingSettings = TrainingSettings()
    forest: ForestSettings = ForestSettings()
    experiments: ExperimentSettings = ExperimentSettings()
    fine_grid: FineGridSettings = FineGridSettings()
    denoising: DenoisingSettings = DenoisingSettings()
    clustering: ClusteringSettings = ClusteringSettings()
    identification: IdentificationSettings = IdentificationSettings()
    synthetic: SyntheticSettings = SyntheticSettings()

    @property
    def simulated(self) -> bool:
        """Whether the profile's spectra are simulated."""
        return self.profile == "sample"

    @property
    def title(self) -> str:
        """The profile's name; says so where its spectra are simulated."""
        return "sample (simulated spectra)" if self.simulated else self.profile

    @property
    def synthetic_store(self) -> Path:
        """Folder of the universal synthetic sets, some 0.7 GB per seed."""
        return self.store / "synthetic"

    @property
    def archive_store(self) -> Path:
        """Folder of the verified archives."""
        return self.store / "archives"

    @property
    def version_store(self) -> Path:
        """Folder of the indexes of former versions of RRUFF."""
        return self.store / "versions"

    @property
    def geography_store(self) -> Path:
        """Folder of the downloaded map and of the geocoder cache."""
        return self.store / "geography"

    @property
    def asset_store(self) -> Path:
        """Folder of everything that assets hold."""
        return self.store / "assets"

    @property
    def figure_store(self) -> Path:
        """Folder of figures and written reports."""
        return self.store / "reports"

    @property
    def index_page(self) -> Path:
        """The page that leads to all results."""
        return self.figure_store / "index.html"

    @property
    def checkpoint_store(self) -> Path:
        """Folder of unfinished trainings."""
        return self.store / "checkpoints"

    @property
    def dagster_home(self) -> Path:
        """Folder of the Dagster instance."""
        return self.store / "dagster"

    def part(self, names: Iterable[str]) -> dict[str, object]:
        """Returns the named parts as plain data, for metadata and versions."""
        whole = self.model_dump(mode="json", include=set(names))
        return {name: whole[name] for name in names}

    def version_of(self, names: Iterable[str]) -> str:
        """Returns a short hash of the named parts.

        Where something lies, and how a server is treated, changes no result and is
        left out.
        """
        parts = self.part(names)
        if "geography" in parts:
            parts["geography"] = self._geography_version()
        parts.pop("archives", None)
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:8]

    def _geography_version(self) -> list[object]:
        chosen = self.geography
        files = [chosen.countries_file, chosen.admin_divisions_file, chosen.overrides_file]
        return [
            [_content_version(file) for file in [*files, *geonames_files()]],
            chosen.natural_earth_sha256 if chosen.natural_earth_url else None,
            [(name, chosen.services[name].endpoint) for name in chosen.geocoders],
        ]


def _content_version(path: Path) -> str | None:
    """Returns the SHA-256 of a file, None where there is none."""
    if not path.exists():
        return None
    state = path.stat()
    return _known_sha256(path, state.st_size, state.st_mtime_ns)


@cache
def _known_sha256(path: Path, size: int, changed: int) -> str:
    """Returns the SHA-256 of a file in a known state: many assets read the same."""
    return atomic.file_sha256(path)


def load_settings(
    profile: str | None = None, store: Path | None = None, location: str | None = None
) -> Settings:
    """Returns the settings of a profile; arguments go before the environment.

    Args:
        profile: one of PROFILES; RAMAN_PIPELINE_PROFILE, else `sample`.
        store: folder of the profile; RAMAN_PIPELINE_STORE, else `data/store/<profile>` of the
            checkout, or of the current folder where the package is installed without one.
        location: of the archives; RRUFF_URL, else the site. Not used by `sample`.

    Raises:
        SettingsError: the profile does not exist.
    """
    name = profile or os.environ.get("RAMAN_PIPELINE_PROFILE") or "sample"
    if name not in PROFILES:
        raise SettingsError(f"PROFILE={name}: there is no such profile; use {', '.join(PROFILES)}")
    chosen = store or os.environ.get("RAMAN_PIPELINE_STORE")
    if "://" in str(chosen):
        raise SettingsError(
            f"RAMAN_PIPELINE_STORE={chosen}: set a folder; addresses cannot be used"
        )
    folder = Path(chosen).resolve() if chosen else _here() / "data" / "store" / name
    if name == "sample":
        return Settings(
            profile=name,
            store=folder,
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
            clustering=ClusteringSettings(hard_minerals=SAMPLE_MINERALS, copies=10, seeds=2),
            identification=IdentificationSettings(mixtures=30),
        )
    archives = ArchiveSettings(location=location or os.environ.get("RRUFF_URL") or RRUFF_SITE)
    geography = _geography()
    if name == "paper":
        return Settings(
            profile=name,
            store=folder,
            archives=archives,
            geography=geography,
            folds=FoldSettings(kinds=("RAW", "Processed")),
            # The paper does not augment, so that duplicates can be memorised.
            training=TrainingSettings(
                presets={
                    name: preset.model_copy(update={"augmentation": None})
                    for name, preset in PRESETS.items()
                }
            ),
        )
    return Settings(profile=name, store=folder, archives=archives, geography=geography)


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
