"""Shared helpers: atomic writes, schemas, Parquet, Markdown, errors, rate limits, numba.

Also the text format of spectra, which `rruff` and `spectra` both read. Imports nothing else of
this project.
"""
