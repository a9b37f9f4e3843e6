"""What models are trained and tested on: selected spectra, splits, leakage, stored states."""
