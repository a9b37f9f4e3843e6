"""RRUFF archives: download, parsing of members, refusals, and the merge of all archives.

What belongs here: everything specific to RRUFF's site and files, and the simulated sample archives.
What does not: the text format of rows and headers (see `common.spectrum_text`), geography,
resampling, learning, orchestration.
"""
