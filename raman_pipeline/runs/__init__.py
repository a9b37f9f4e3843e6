"""Running the graph without a daemon, and reading what Dagster recorded of it.

What belongs here: which assets are stale, the order of runs, status, trace, the instance. What
does not: assets (see `orchestration`), printing (see `cli`).
"""
