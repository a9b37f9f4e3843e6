"""The command `raman-pipeline ui`."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from raman_pipeline.cli.console import Location, Profile, out, profile_settings


def ui(
    profile: Profile = None,
    rruff_url: Location = None,
    port: Annotated[int, typer.Option(help="port on this machine")] = 3000,
    host: Annotated[str, typer.Option(help="address to listen on")] = "127.0.0.1",
) -> None:
    """Open Dagster on the instance of a profile (`dagster dev`)."""
    from raman_pipeline.runs.instance import WORKSPACE, prepare_home

    settings = profile_settings(profile, rruff_url)
    environment = os.environ | {
        "DAGSTER_HOME": str(prepare_home(settings)),
        "RAMAN_PIPELINE_PROFILE": settings.profile,
        "RAMAN_PIPELINE_STORE": str(settings.store),
        "RRUFF_URL": settings.archives.location,
    }
    arguments = [sys.executable, "-m", "dagster", "dev", "-w", str(WORKSPACE)]
    arguments += ["--host", host, "--port", str(port)]
    out.print(f"Dagster on http://{host}:{port} ({settings.profile} profile, {settings.store})")
    os.execve(sys.executable, arguments, environment)
