"""raman_pipeline: from the RRUFF archives to honestly evaluated models.

The domain packages (`rruff`, `geography`, `spectra`, `learning`, `plots`) know
nothing of Dagster and can be used on their own; `orchestration` arranges them
as software-defined assets. Nothing is imported here, so that using one domain
package does not pay for the others.
"""

__version__ = "0.2.0"
