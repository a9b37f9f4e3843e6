"""RRUFF archives: fetching them, and reading every member or saying why not.

What belongs here: file names, headers, rows, refusals, the mirror of the site,
the merge of all archives, and the simulated sample archives. What does not:
geography, resampling, learning, orchestration.
"""
