"""Settings and the named profiles.

What belongs here: every choice that a run makes, typed, with its reason where it
has one. What does not: what a network looks like (see `learning.presets`).

A profile is a complete set of settings with a store and a Dagster instance of its
own, so that simulated and real results never stand in one table. The environment
can change three things: `RAMAN_PIPELINE_PROFILE`, `RAMAN_PIPELINE_STORE` (a folder)
and `RRUFF_URL` (where the archives are).
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, PositiveInt

from raman_pipeline.learning.presets import PRESETS, ConvNeXtPreset

PROJECT = Path(__file__).resolve().parents[1]
EMBEDDED = PROJECT / "data" / "embedded"
RRUFF_SITE = "https://www.rruff.net/zipped_data_files/raman"

ProfileName = Literal["sample", "rruff", "paper"]
PROFILES: tuple[ProfileName, ...] = get_args(ProfileName)


class SettingsError(Exception):
    """A setting cannot be used; the message names it and what would do."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ArchiveSettings(_Part):
    """Where the archives come from, and how the server is treated."""

    location: str
    seconds_between_requests: float = Field(2.0, ge=0)
    timeout_s: float = Field(60.0, gt=0)
    attempts: PositiveInt = 5
    backoff_s: float = Field(2.0, ge=0)
    max_shrink: float = Field(
        0.2, ge=0, le=1, description="share of members that an archive may lose unasked"
    )


class GeographySettings(_Part):
    """Which country polygons are used."""

    countries_file: Path = EMBEDDED / "natural_earth_50m_countries.parquet"


class GridSettings(_Part):
    """The common grid of all spectra; its window is found from the data."""

    points: int = Field(1024, ge=64, description="grid points over the whole window")
    interpolation: Literal["cubic", "pchip"] = "cubic"


class FoldSettings(_Part):
    """Which spectra take part and how they are split."""

    kinds: tuple[Literal["RAW", "Processed"], ...] = Field(
        ("Processed",), description="one row a measurement; both kinds count it twice"
    )
    min_per_country: PositiveInt = Field(2, description="as in Pappone (2024), section 5.1")
    seed: int = 0


class TrainingSettings(_Part):
    """How networks are trained."""

    preset: ConvNeXtPreset = PRESETS["default"]
    seed: int = 0


class Settings(_Part):
    """All settings of a run."""

    profile: ProfileName
    store: Path
    archives: ArchiveSettings
    geography: GeographySettings = GeographySettings()
    grid: GridSettings = GridSettings()
    folds: FoldSettings = FoldSettings()
    training: TrainingSettings = TrainingSettings()

    @property
    def archive_store(self) -> Path:
        """Folder of the verified archives."""
        return self.store / "archives"

    @property
    def version_store(self) -> Path:
        """Folder of the indexes of former versions of RRUFF."""
        return self.store / "versions"

    @property
    def asset_store(self) -> Path:
        """Folder of everything that assets hold."""
        return self.store / "assets"

    @property
    def figure_store(self) -> Path:
        """Folder of figures and written reports."""
        return self.store / "reports"

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
            parts["geography"] = self.geography.countries_file.name
        parts.pop("archives", None)
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:8]


def load_settings(
    profile: str | None = None, store: Path | None = None, location: str | None = None
) -> Settings:
    """Returns the settings of a profile; arguments go before the environment.

    Args:
        profile: one of PROFILES; RAMAN_PIPELINE_PROFILE, else `sample`.
        store: folder of the profile; RAMAN_PIPELINE_STORE, else `data/store/<profile>`.
        location: of the archives; RRUFF_URL, else the site. Not used by `sample`.

    Raises:
        SettingsError: the profile does not exist.
    """
    name = profile or os.environ.get("RAMAN_PIPELINE_PROFILE") or "sample"
    if name not in PROFILES:
        raise SettingsError(f"PROFILE={name}: there is no such profile; use {', '.join(PROFILES)}")
    chosen = store or os.environ.get("RAMAN_PIPELINE_STORE")
    folder = Path(chosen).resolve() if chosen else PROJECT / "data" / "store" / name
    if name == "sample":
        return Settings(
            profile=name,
            store=folder,
            archives=ArchiveSettings(
                location=str(EMBEDDED / "rruff-sample"), seconds_between_requests=0
            ),
            # Some 150 spectra a fold: a shorter grid, and small batches for enough steps.
            grid=GridSettings(points=512),
            training=TrainingSettings(
                preset=PRESETS["default"].model_copy(update={"epochs": 8, "batch_size": 16})
            ),
        )
    archives = ArchiveSettings(location=location or os.environ.get("RRUFF_URL") or RRUFF_SITE)
    if name == "paper":
        return Settings(
            profile=name,
            store=folder,
            archives=archives,
            folds=FoldSettings(kinds=("RAW", "Processed")),
            training=TrainingSettings(preset=PRESETS["paper"]),
        )
    return Settings(profile=name, store=folder, archives=archives)
