"""The code location that Dagster loads; commands build the definitions of their own settings."""

from raman_pipeline.orchestration.build import build_definitions

__all__ = ["build_definitions", "defs"]

defs = build_definitions()
