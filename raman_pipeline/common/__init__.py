"""What every package builds on: atomic writes, table schemas, Parquet, errors, compiled loops.

What belongs here: helpers without knowledge of spectra, minerals or places. Imports nothing
else of this project.
"""
