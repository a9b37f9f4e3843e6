"""The `dagster.yaml` of an instance: where its record is, and what launches its runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from raman_pipeline.common import atomic
from raman_pipeline.settings import Settings, SettingsError

WORKSPACE = Path(__file__).with_name("workspace.yaml")
WRITTEN = "# Written by raman_pipeline; a file without this line is left as it is.\n"
RUNS = 2
"""Runs at once from the UI where nothing else is known."""
DATABASE = "RAMAN_PIPELINE_DB"
# Secrets (RAMAN_PIPELINE_DB, ARCGIS_TOKEN, those of a bucket) are not among them, as Ray shows to
# everybody what a job was given: the machines of the cluster have them in their own environment.
_SENT = [
    "RAMAN_PIPELINE_PROFILE", "RAMAN_PIPELINE_STORE", "RAMAN_PIPELINE_FOLDS",
    "RAMAN_PIPELINE_INDEX_URL", "RAMAN_PIPELINE_S3_ENDPOINT", "RAMAN_PIPELINE_LOCAL",
    "RRUFF_URL", "NATURAL_EARTH_URL", "GEOCODERS", "NOMINATIM_URL", "PHOTON_URL",
    "ARCGIS_URL", "PYTHONWARNINGS",
    # Runs that have all CPUs of the cluster would wait for ever for tasks of theirs.
    "RAMAN_PIPELINE_ENGINE=local",
    "LOKY_MAX_CPU_COUNT=1",  # processes of a run: as many as its `num_cpus`
]  # fmt: skip


def configuration(settings: Settings, runs: int = RUNS) -> dict[str, Any]:
    """Returns the content of `dagster.yaml`.

    Args:
        settings: name database and engine; secrets are read from the environment.
        runs: number of runs that are launched at once.
    """
    chosen: dict[str, Any] = {
        "telemetry": {"enabled": False},
        "nux": {"enabled": False},
        "concurrency": {"runs": {"max_concurrent_runs": runs}},
        "run_monitoring": {"enabled": True},
    }
    if settings.database:
        chosen["storage"] = {"custom": _class("postgres", "PostgresStorage")}
        chosen["storage"]["custom"]["config"] = {"postgres_url": {"env": DATABASE}}
        chosen["run_launcher"] = _class("launchers", "LocalLauncher")
    if settings.engine == "ray":
        chosen["run_launcher"] = _class("ray_launcher", "RayLauncher")
        ray = {"address": {"env": "RAY_ADDRESS"}, "num_cpus": 1, "env_vars": _SENT}
        chosen["run_launcher"]["config"] = {"ray": ray}
        # A run may wait long for a place on the cluster; the sensor `lost_starts` finds those
        # whose process is gone.
        chosen["run_monitoring"] |= {"poll_interval_seconds": 15, "start_timeout_seconds": 86400}
        # What an asset says is wrong stays wrong; what was lost with a machine is made again.
        chosen["run_retries"] = {
            "enabled": True,
            "max_retries": 5,
            "retry_on_asset_or_op_failure": False,
        }
    return chosen


def _class(module: str, name: str) -> dict[str, Any]:
    return {"module": f"raman_pipeline.orchestration.{module}", "class": name}


def write_configuration(settings: Settings, runs: int | None = None) -> None:
    """Writes `dagster.yaml` into the home of an instance, unless somebody else's is there.

    Args:
        settings: name the home, database and engine.
        runs: see `configuration`; None keeps the number that is there.

    Raises:
        SettingsError: the record is in a database that the environment does not name.
    """
    target = settings.dagster_home / "dagster.yaml"
    former = target.read_text(encoding="utf-8") if target.exists() else ""
    there = yaml.safe_load(former) or {}
    if "storage" in there and not settings.database:
        raise SettingsError(
            f"{settings.store}: its record is in a database; set {DATABASE} to its address"
        )
    if former and WRITTEN not in former and settings.database and "storage" not in there:
        raise SettingsError(
            f"{target} names no storage, but {DATABASE} is set; see docs/deployment.md"
        )
    text = WRITTEN + yaml.safe_dump(
        configuration(settings, runs or _runs_of(there)), sort_keys=False
    )
    if text != former and (not former or WRITTEN in former or _of_earlier_version(former)):
        atomic.write_text(target, text)


def _runs_of(there: dict[str, Any]) -> int:
    found = there.get("concurrency", {}).get("runs", {}).get("max_concurrent_runs", RUNS)
    return int(found)


def _of_earlier_version(text: str) -> bool:
    return text.startswith("# The instance of every profile.")
