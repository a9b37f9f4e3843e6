"""Everything that imports Dagster: assets, partitions, jobs, resources, runs.

What belongs here: arranging the domain packages as software-defined assets, and
describing what they made. What does not: computations, which belong to the domain packages.
"""
