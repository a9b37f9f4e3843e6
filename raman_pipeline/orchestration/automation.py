"""When assets follow their inputs by themselves.

What belongs here: the condition that the `follow_up` sensor evaluates. What does not:
what has it (see `assets`); nothing that trains does.
"""

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
"""As eager, but asking the same question twice is no change: an archive that was fetched
again with the same bytes leads to nothing."""
