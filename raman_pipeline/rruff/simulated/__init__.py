"""The embedded sample archives: simulated spectra in RRUFF's own format."""
