"""The automation condition of all assets up to the folds; nothing that trains has one."""

from __future__ import annotations

import dagster as dg

EAGER_ON_DATA_CHANGE = (
    dg.AutomationCondition.eager()
    .replace(
        "any_deps_updated",
        dg.AutomationCondition.any_deps_match(
            dg.AutomationCondition.data_version_changed()
            | dg.AutomationCondition.will_be_requested()
        ),
    )
    .with_label("when the content of an input changed")
)
"""As `eager`, but only for inputs whose data version changed: an archive that was fetched
again with the same bytes leads to no run."""
