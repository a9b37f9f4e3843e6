"""Predicting the country of origin: families, calibration, metrics, experiments, report."""
