"""ConvNeXt1D as a model family: fit and predict on labelled spectra.

What belongs here: the way between labelled spectra and the network. What does not:
the network (see `models.convnext1d`) and the loop (see `training`).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch

from raman_pipeline.learning.families import FitContext
from raman_pipeline.learning.labelled import LabelledSpectra, ModelState
from raman_pipeline.learning.models.convnext1d import ConvNeXt1D
from raman_pipeline.learning.presets import ConvNeXtPreset
from raman_pipeline.learning.training import predict_probabilities, train_classifier


def crop_columns(grid: npt.NDArray[np.float64], crop: tuple[float, float] | None) -> slice:
    """Returns the grid points of a crop as a slice.

    Raises:
        ValueError: the crop holds too few points for the network's strides.
    """
    if crop is None:
        return slice(0, grid.size)
    start, stop = np.searchsorted(grid, crop)
    if stop - start < 64:
        raise ValueError(
            f"{stop - start} grid points lie in {crop[0]:g}-{crop[1]:g} cm⁻¹ and the network "
            "needs 64; raise grid.points or widen the crop"
        )
    return slice(int(start), int(stop))


def fit_convnext(train: LabelledSpectra, context: FitContext) -> ModelState:
    """Trains a ConvNeXt1D; the state holds weights, preset, classes and the losses."""
    preset = context.preset
    inputs = _inputs(train, preset)
    length = inputs.shape[1]
    torch.manual_seed(context.seed)
    model = _build(preset, length, len(train.classes))
    reports = train_classifier(
        model,
        inputs,
        train.label,
        preset,
        context.seed,
        context.checkpoint,
        context.on_epoch,
    )
    arrays = {name: value.numpy() for name, value in model.state_dict().items()}
    about = {
        "preset": preset.model_dump(mode="json"),
        "length": length,
        "classes": list(train.classes),
        "parameters": sum(p.numel() for p in model.parameters()),
        "final_training_loss": round(reports[-1].loss, 6) if reports else None,
    }
    return ModelState(arrays, about)


def predict_convnext(
    state: ModelState, train: LabelledSpectra, test: LabelledSpectra
) -> npt.NDArray[np.float64]:
    """Returns probabilities of a stored ConvNeXt1D, float64 [n, classes]."""
    preset = ConvNeXtPreset.model_validate(state.about["preset"])
    model = _build(preset, state.about["length"], len(state.about["classes"]))
    model.load_state_dict({name: torch.from_numpy(a) for name, a in state.arrays.items()})
    return predict_probabilities(model, _inputs(test, preset))


def _inputs(spectra: LabelledSpectra, preset: ConvNeXtPreset) -> npt.NDArray[np.float32]:
    intensity = spectra.intensity[:, crop_columns(spectra.grid, preset.crop)]
    if preset.transform == "none":
        return intensity
    root = np.sqrt(intensity)
    centred = root - root.mean(axis=1, keepdims=True)
    # A flat spectrum has no deviation and stays zero.
    return centred / (root.std(axis=1, keepdims=True) + 1e-6)


def _build(preset: ConvNeXtPreset, length: int, classes: int) -> ConvNeXt1D:
    return ConvNeXt1D(
        length=length,
        classes=classes,
        depths=preset.depths,
        dims=preset.dims,
        layer_scale=preset.layer_scale,
        stem_norm=preset.stem_norm,
        position_embedding=preset.position_embedding,
        initialisation=preset.initialisation,
        drop_path=preset.drop_path,
        dropout=preset.dropout,
    )
