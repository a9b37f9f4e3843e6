"""Shared helpers: atomic writes, table schemas, Parquet, Markdown, errors, compiled loops.

Also the text format of spectra, which `rruff` and `spectra` both read. Imports nothing else of
this project.
"""
