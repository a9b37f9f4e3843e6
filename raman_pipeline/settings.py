"""Settings: every choice of a run, typed, with its reason.

What does not belong here: the layers of networks (see the presets of `learning`), and what the
profiles choose (see `profiles`).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict, Field, PositiveInt, SecretStr

from raman_pipeline.common import atomic
from raman_pipeline.common.database import postgres_url
from raman_pipeline.common.errors import InputError
from raman_pipeline.common.processes import Engine
from raman_pipeline.common.storage import StorePath, on_this_machine
from raman_pipeline.geography.geocoding.service_terms import ServiceName
from raman_pipeline.geography.maps.gazetteer import geonames_files
from raman_pipeline.geography.maps.natural_earth import NATURAL_EARTH_SHA256
from raman_pipeline.learning.clustering.tasks import HARD_MINERALS, THREE_MINERALS
from raman_pipeline.learning.denoising.presets import (
    AUTOENCODERS,
    AutoencoderName,
    AutoencoderPreset,
)
from raman_pipeline.learning.synthetic_tasks.presets import PAPER, EmbeddingPreset
from raman_pipeline.learning.training.presets import PRESETS, ConvNeXtPreset, PresetName
from raman_pipeline.universal_synthetic import VARIATION_SEED

if TYPE_CHECKING:
    from sqlalchemy import URL

EMBEDDED = Path(__file__).resolve().with_name("embedded")
"""Folder of the package's data: sample archives, maps, overrides."""
INDEX_URL = "RAMAN_PIPELINE_INDEX_URL"
"""Variable with the address at which `raman-pipeline ui` serves the page of all results."""

ProfileName = Literal["sample", "rruff", "paper"]


class SettingsError(InputError):
    """A setting cannot be used; the message names it and what would do."""


def working_folder() -> Path:
    """Returns the folder of the checkout, or the current folder where there is none."""
    checkout = EMBEDDED.parents[1]
    return checkout if (checkout / "pyproject.toml").exists() else Path.cwd()


def _overrides_file() -> Path:
    own = working_folder() / "data" / "locality_overrides.csv"
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
    file: Path | None = Field(None, description="published folds to start from")


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
    augmented_of: str = Field("Albite", description="mineral whose spectra are augmented")
    copies: int = Field(50, ge=0)
    amplitude: float = Field(0.1, ge=0, lt=1, description="peak heights vary by this factor")
    noise: float = Field(0.02, ge=0, description="standard deviation of noise added to copies")


class IdentificationSettings(_Part):
    """Evaluation of identification."""

    mixtures: PositiveInt = Field(600, description="of two minerals, and as many of three")
    robustness: int = Field(600, ge=10, description="disturbed spectra, of 5 minerals or more")
    seed: int = 0


class SyntheticSettings(_Part):
    """The universal synthetic tasks."""

    variation_seed: int = Field(VARIATION_SEED, description="of seed 0; the others add theirs")
    embedding: EmbeddingPreset = PAPER


class Settings(_Part):
    """All settings of a run."""

    profile: ProfileName
    store: StorePath
    machine_folder: Path | None = Field(
        None, description="what stays on this machine beside a bucket; the store if it is a folder"
    )
    database: SecretStr | None = Field(
        None, description="Postgres for Dagster's record and the geocoder cache; None: SQLite"
    )
    engine: Engine = Field(
        "local", description="runs trainings in processes of this machine, or on a Ray cluster"
    )
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
    def database_url(self) -> URL | None:
        """The address of the shared database, None where there is none."""
        return postgres_url(self.database.get_secret_value()) if self.database else None

    @property
    def synthetic_store(self) -> StorePath:
        """Folder of the universal synthetic sets, some 0.7 GB per seed."""
        return self.store / "synthetic"

    @property
    def archive_store(self) -> StorePath:
        """Folder of the verified archives."""
        return self.store / "archives"

    @property
    def version_store(self) -> StorePath:
        """Folder of the indexes of former versions of RRUFF."""
        return self.store / "versions"

    @property
    def geography_store(self) -> StorePath:
        """Folder of the downloaded map."""
        return self.store / "geography"

    @property
    def asset_store(self) -> StorePath:
        """Folder of everything that assets hold."""
        return self.store / "assets"

    @property
    def figure_store(self) -> StorePath:
        """Folder of figures and written reports."""
        return self.store / "reports"

    @property
    def index_page(self) -> StorePath:
        """The page that leads to all results."""
        return self.figure_store / "index.html"

    @property
    def checkpoint_store(self) -> StorePath:
        """Folder of unfinished trainings."""
        return self.store / "checkpoints"

    @property
    def on_this_machine(self) -> Path:
        """Folder of databases, locks and unfinished downloads: they cannot lie in a bucket."""
        return on_this_machine(self.machine_folder or self.store)

    @property
    def geocoder_cache(self) -> Path:
        """Answers of geocoding services."""
        return self.on_this_machine / "geography" / "geocoder_cache.sqlite"

    @property
    def dagster_home(self) -> Path:
        """Folder of the Dagster instance."""
        return self.on_this_machine / "dagster"

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
        if "folds" in parts:
            file = self.folds.file
            chosen = self.folds.model_dump(mode="json", exclude={"file"})
            parts["folds"] = chosen | ({"file": _content_version(file)} if file else {})
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
