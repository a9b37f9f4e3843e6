"""The index of all results: findings in a dozen lines, and one HTML page that leads to the rest.

What belongs here: what the page shows of a store, in which order, and its HTML. What does not: the
numbers themselves (see the reports of `learning` and `geography`), Dagster.
"""
