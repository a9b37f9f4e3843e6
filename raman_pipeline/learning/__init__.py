"""Learning from spectra: which rows, which splits, which models, how good.

What belongs here: study selection, splitters, models, training, baselines,
metrics. What does not: figures (see `raman_pipeline.plots`), orchestration.
"""
