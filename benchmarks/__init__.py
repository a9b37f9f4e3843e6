"""Comparisons of speed and accuracy, run by hand or by `make bench`."""
