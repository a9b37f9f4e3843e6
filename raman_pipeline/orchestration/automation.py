"""The automation conditions of assets up to the folds and of the page; nothing trains by itself."""

from __future__ import annotations

import dagster as dg

_CONTENT_CHANGED = dg.AutomationCondition.any_deps_match(
    dg.AutomationCondition.data_version_changed() | dg.AutomationCondition.will_be_requested()
)
EAGER_ON_DATA_CHANGE = (
    dg.AutomationCondition.eager()
    .replace("any_deps_updated", _CONTENT_CHANGED)
    .with_label("when the content of an input changed")
)
"""As `eager`, but only for inputs whose data version changed: an archive that was fetched
again with the same bytes leads to no run."""

EAGER_ON_ANY_CHANGE = (
    dg.AutomationCondition.eager()
    .without(~dg.AutomationCondition.any_deps_missing())
    .replace("any_deps_updated", _CONTENT_CHANGED)
    .with_label("when the content of an input changed, even if other inputs are missing")
)
"""For the page of all results, which names what is missing."""
