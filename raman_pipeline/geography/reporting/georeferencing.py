"""The georeferencing report: both strategies compared, with the figures of the paper."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
import pyarrow as pa

from raman_pipeline.common.markdown import markdown_report
from raman_pipeline.common.schema import Column, TableSchema
from raman_pipeline.geography.geocoding.geocoder import LOCATION_LEVELS
from raman_pipeline.geography.maps.geodesy import distance_km
from raman_pipeline.geography.reporting.pappone2024 import PAPER_TOTALS
from raman_pipeline.geography.text.locality import PLACE_CLASSES, OriginClass

AGREEMENTS = (
    "same_country",
    "other_country",
    "paper_only",
    "constrained_only",
    "neither",
)
GEOREFERENCING = TableSchema(
    "georeferencing_report",
    (
        Column("locality", pa.string(), "LOCALITY header", unique=True),
        Column("origin", pa.string(), "class by the locality alone", isin=tuple(OriginClass)),
        Column("specimens", pa.int32(), "specimens with this locality"),
        Column("agreement", pa.string(), "how the countries compare", isin=AGREEMENTS),
        Column("paper_country", pa.string(), "by the paper's strategy", nullable=True),
        Column("country", pa.string(), "by the constrained strategy", nullable=True),
        Column("paper_query", pa.string(), "remaining text when it was found", nullable=True),
        Column(
            "paper_level", pa.string(), "what the paper's strategy located", isin=LOCATION_LEVELS
        ),
        Column("level", pa.string(), "what the constrained strategy located", isin=LOCATION_LEVELS),
        Column(
            "coordinate_uncertainty_km", pa.float64(), "of the constrained point, km", nullable=True
        ),
        Column("apart_km", pa.float64(), "distance of the two points, km", nullable=True),
        Column("within_uncertainty", pa.bool_(), "the paper's point lies within it", nullable=True),
    ),
)


def compare_strategies(paper: pd.DataFrame, located: pd.DataFrame) -> pa.Table:
    """Returns one GEOREFERENCING row per locality.

    Args:
        paper: a PAPER_LOCALITIES table.
        located: a LOCATED_LOCALITIES table.
    """
    both = located.merge(
        paper.drop(columns="specimens"), on="locality", suffixes=("", "_paper"), validate="1:1"
    )
    theirs, ours = both["iso_a2_paper"].notna(), both["iso_a2"].notna()
    same = both["iso_a2"] == both["iso_a2_paper"]
    agreement = np.select(
        [theirs & ours & same, theirs & ours, theirs, ours], AGREEMENTS[:4], default="neither"
    )
    points = both[["latitude", "longitude", "latitude_paper", "longitude_paper"]].to_numpy(float)
    apart = np.array([distance_km(a, b, [c], [d])[0] for a, b, c, d in points])
    known = np.isfinite(apart)
    within = np.where(known, apart <= both["coordinate_uncertainty_km"].to_numpy(float), None)
    return GEOREFERENCING.from_frame(
        pd.DataFrame(
            {
                "locality": both["locality"],
                "origin": both["origin"],
                "specimens": both["specimens"],
                "agreement": agreement,
                "paper_country": both["country_paper"],
                "country": both["country"],
                "paper_query": both["query"],
                "paper_level": both["level_paper"],
                "level": both["level"],
                "coordinate_uncertainty_km": both["coordinate_uncertainty_km"],
                "apart_km": apart,
                "within_uncertainty": within,
            }
        )
    )


def strategy_counts(compared: pd.DataFrame) -> pd.DataFrame:
    """Returns, for both strategies, how many localities got what, one row per strategy."""
    naming = compared["origin"].isin(list(PLACE_CLASSES))
    rows = []
    for strategy, country, level in (
        ("paper", "paper_country", "paper_level"),
        ("constrained", "country", "level"),
    ):
        levels = compared[level].value_counts()
        # The paper's strategy has a point for all that it found, ours none for a country.
        pointless = ["none"] if strategy == "paper" else ["none", "country"]
        point = ~compared[level].isin(pointless)
        rows.append(
            {
                "strategy": strategy,
                "localities": len(compared),
                "with_country": int(compared[country].notna().sum()),
                "country_of_those_naming_a_place": float(
                    compared.loc[naming, country].notna().mean()
                ),
                "country_of_those_naming_none": int(compared.loc[~naming, country].notna().sum()),
                "specimens_with_a_point": int(compared.loc[point, "specimens"].sum()),
                **{name: int(levels.get(name, 0)) for name in LOCATION_LEVELS},
            }
        )
    return pd.DataFrame(rows)


def georeferencing_markdown(
    compared: pd.DataFrame,
    specimens: pd.DataFrame,
    located: pd.DataFrame,
    protocol: Mapping[str, object],
    listed: int = 40,
) -> str:
    """Returns the report as Markdown.

    Args:
        compared: a GEOREFERENCING table.
        specimens: a LOCATED_SPECIMENS table.
        located: a LOCATED_LOCALITIES table.
        protocol: facts that every number depends on, in the order to print.
        listed: rows of the list of disagreements.
    """
    agreement = compared["agreement"].value_counts().rename_axis("agreement").reset_index()
    other = compared[compared["agreement"].isin(["other_country", "paper_only"])]
    shown = other.sort_values(["agreement", "specimens", "locality"], ascending=[True, False, True])
    columns = ["locality", "paper_query", "paper_country", "country", "specimens"]
    more = [f"{len(shown) - listed} more are in the table of this asset."]
    return markdown_report(
        "Georeferencing report",
        protocol,
        "## Both strategies, distinct localities",
        _formatted(strategy_counts(compared)),
        "A country for localities that name none (synthetic, unknown, an ocean) is always wrong.\n"
        "Levels say what was located; the paper's strategy takes the centre of a country or a\n"
        "state for the place, the constrained one gives the level and the uncertainty.",
        "## Where they disagree",
        agreement,
        shown[columns].head(listed),
        *(more if len(shown) > listed else ()),
        "## Uncertainty of the constrained points (km), by level",
        _radii(compared),
        "## Specimens, and the totals of the paper",
        _totals(specimens),
        "The paper counts spectra, this table specimens.",
        "## Same name, other country: to be reviewed",
        minority_table(located),
    )


def minority_table(located: pd.DataFrame) -> pd.DataFrame:
    """Returns the localities that share a name with others mostly in another country.

    Args:
        located: a LOCATED_LOCALITIES table.

    Returns:
        Columns `locality`, `iso_a2`, `name`, `majority` (its ISO code), `agreeing` and
        `localities` (how many localities with the name lie there, and in all), most first.
    """
    found = located[located["majority"].notna()]
    columns = ["name", "iso_a2", "agreeing", "localities"]
    shared = pd.DataFrame(found["majority"].tolist(), columns=columns, index=found.index)
    table = found[["locality", "iso_a2"]].join(shared.rename(columns={"iso_a2": "majority"}))
    return table.sort_values(["localities", "locality"], ascending=[False, True], ignore_index=True)


def _radii(compared: pd.DataFrame) -> pd.DataFrame:
    with_point = compared[compared["coordinate_uncertainty_km"].notna()]
    quantiles = (
        with_point.groupby("level")["coordinate_uncertainty_km"].quantile([0.1, 0.5, 0.9]).unstack()
    )
    quantiles.columns = pd.Index(["10%", "median", "90%"])
    counts = with_point["level"].value_counts().rename("localities")
    return quantiles.round(1).join(counts).reset_index()


def _totals(specimens: pd.DataFrame) -> pd.DataFrame:
    synthetic = specimens["is_synthetic"].astype(bool)
    ours = {
        "all": len(specimens),
        "natural": int((~synthetic).sum()),
        "synthetic": int(synthetic.sum()),
        "with coordinates": int(specimens["latitude"].notna().sum()),
    }
    return pd.DataFrame(
        {
            "": list(ours),
            "specimens here": list(ours.values()),
            "share": [f"{v / max(len(specimens), 1):.1%}" for v in ours.values()],
            "Pappone (2024)": [f"{PAPER_TOTALS[k]:,}" for k in ours],
            "their share": [f"{PAPER_TOTALS[k] / PAPER_TOTALS['all']:.1%}" for k in ours],
        }
    )


def _formatted(counts: pd.DataFrame) -> pd.DataFrame:
    share = "country_of_those_naming_a_place"
    return counts.assign(**{share: counts[share].map("{:.1%}".format)})
