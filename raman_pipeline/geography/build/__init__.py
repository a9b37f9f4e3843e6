"""How the embedded maps under `raman_pipeline/embedded` were made; not used at run time."""
