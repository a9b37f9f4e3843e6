"""Data of models: selection, splits, leakage, labelled spectra, stored states."""
