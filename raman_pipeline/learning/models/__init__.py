"""Network architectures, one a module; no training, no data."""
