"""How the embedded maps under `data/embedded` were made; not used at run time."""
