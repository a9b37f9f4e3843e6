"""The tasks of Vorozhtsov & Kitina (2024): their data, and the accuracy of each method.

What belongs here: training, reference and test spectra of each task, and the scores of the methods.
What does not: the methods, the report (see `report`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from raman_pipeline.learning.synthetic_tasks.mixture_search import components
from raman_pipeline.learning.synthetic_tasks.mixtures import correct_components, mix
from raman_pipeline.learning.synthetic_tasks.names import (
    EMBEDDING,
    LEAST_SQUARES,
    PEAK_LIST,
    PEAK_MODEL,
    SMOOTHED,
    TaskName,
)
from raman_pipeline.learning.synthetic_tasks.peak_lists import peak_lists
from raman_pipeline.learning.synthetic_tasks.peak_model import fit_peak_model
from raman_pipeline.learning.synthetic_tasks.presets import PAPER, EmbeddingPreset
from raman_pipeline.learning.synthetic_tasks.untrained import (
    SMOOTHINGS,
    class_means,
    components_by_least_squares,
    components_by_sums,
    downsampled,
    nearest,
    nearest_peak_list,
    smoothed,
)
from raman_pipeline.universal_synthetic.classes import CHALLENGE_GROUPS, CLASSES
from raman_pipeline.universal_synthetic.dataset import Labelled
from raman_pipeline.universal_synthetic.distortion import distorted
from raman_pipeline.universal_synthetic.variation import Part, SetName

CLASS_SPLITS = {
    "unseen_classes": ((0, 400), (400, CLASSES)),
    "mixtures": ((100, CLASSES), (0, 100)),
}
"""Training classes and test classes, [first, stop), of tasks where they differ."""
TRAINING_SPECTRA = {"forty_percent": 20, "ten_percent": 5, "unseen_classes": 20, "mixtures": 20}
"""Per class, if not all 50; 20 for unseen classes and mixtures is from the authors' code."""
GALLERIES = 20
GALLERY = 100
"""Number of random galleries of unseen classes, and classes per gallery."""

Row = dict[str, Any]
Vectors = npt.NDArray[np.float32]
Find = Callable[[Vectors, int], npt.NDArray[np.int64]]
"""Predicts the given number of components of each spectrum."""
Sets = Mapping[SetName, Mapping[Part, Labelled]]


@dataclass(frozen=True)
class TaskData:
    """The spectra of a task.

    Attributes:
        training: for the embedding.
        reference: labelled spectra of the test classes.
        validation: for the choice of k and of smoothings.
        test: queries.
    """

    training: Labelled
    reference: Labelled
    validation: Labelled
    test: Labelled


def task_data(task: TaskName, sets: Sets, seed: int) -> TaskData:
    """Returns the spectra of a task.

    Args:
        task: which.
        sets: `universal` and `challenge`.
        seed: of the noise of the noisy task.
    """
    parts = sets["challenge" if task == "challenge" else "universal"]
    train, validation, test = parts["train"], parts["validation"], parts["test"]
    if task in TRAINING_SPECTRA:
        train = train.first_of_class(TRAINING_SPECTRA[task])
    if task in CLASS_SPLITS:
        trained, tested = CLASS_SPLITS[task]
        searched = (part.of_classes(*tested) for part in (train, validation, test))
        return TaskData(train.of_classes(*trained), *searched)
    if task == "noisy":
        train, validation, test = (
            replace(p, spectra=distorted(p.spectra, 3 * seed + i))
            for i, p in enumerate((train, validation, test))
        )
    return TaskData(train, train, validation, test)


def paper_preset(task: TaskName, preset: EmbeddingPreset = PAPER) -> EmbeddingPreset:
    """Returns the preset with the changes of the authors' code for a task."""
    if task == "unseen_classes":
        return preset.model_copy(update={"learning_rate": 9e-3})
    if task == "mixtures":
        epochs = max(1, round(0.8 * preset.epochs))
        return preset.model_copy(update={"learning_rate": 4e-3, "epochs": epochs})
    return preset


def embedding_rows(
    task: TaskName, data: TaskData, embed: Callable[[Vectors], Vectors], seed: int
) -> list[Row]:
    """Returns the accuracy of a trained embedding.

    Args:
        task: which.
        data: of the task.
        embed: spectra to unit vectors.
        seed: of the mixtures.
    """
    # torch takes seconds to import, and the other methods do not need it.
    from raman_pipeline.learning.synthetic_tasks.embedding import nearest_classes

    reference = embed(data.reference.spectra)
    if task == "mixtures":
        means, classes = class_means(reference, data.reference.label)
        return _mixture_rows(
            data,
            EMBEDDING,
            seed,
            lambda spectra, k: components_by_sums(means, classes, embed(spectra), k),
        )
    predicted, k = nearest_classes(
        (reference, data.reference.label),
        (embed(data.validation.spectra), data.validation.label),
        embed(data.test.spectra),
    )
    return list(_rows(task, EMBEDDING, predicted, data.test.label, f"{k} neighbours"))


def untrained_rows(task: TaskName, data: TaskData, seed: int) -> Iterator[Row]:
    """Yields the accuracies of the baselines and the peak models."""
    if task == "mixtures":
        yield from _untrained_mixture_rows(data, seed)
        return
    label, true = data.reference.label, data.test.label
    reference = downsampled(data.reference.spectra)
    chosen = _best_smoothing(reference, label, data.validation)
    query = smoothed(downsampled(data.test.spectra), chosen)
    found = nearest(smoothed(reference, chosen), label, query)
    yield from _rows(task, SMOOTHED, found, true, f"smoothing {chosen:g}")
    lists, queries = peak_lists(data.reference.spectra), peak_lists(data.test.spectra)
    yield from _rows(task, PEAK_LIST, nearest_peak_list(lists, label, queries), true)
    yield from _rows(task, PEAK_MODEL, fit_peak_model(lists, label).predict(queries), true)


def _untrained_mixture_rows(data: TaskData, seed: int) -> Iterator[Row]:
    label = data.reference.label
    reference = downsampled(data.reference.spectra)
    trial = mix(data.validation, 2, seed)
    mixed = downsampled(trial.spectra)

    def by_sums(coarse: Vectors, deviation: float, count: int) -> npt.NDArray[np.int64]:
        means, classes = class_means(smoothed(reference, deviation), label)
        return components_by_sums(means, classes, smoothed(coarse, deviation), count)

    def accuracy(deviation: float) -> float:
        correct = correct_components(by_sums(mixed, deviation, 2), trial.classes)
        return float((correct == 2).mean())

    chosen = max(SMOOTHINGS, key=accuracy)
    means, classes = class_means(smoothed(reference, chosen), label)
    model = fit_peak_model(peak_lists(data.reference.spectra), label)
    methods: dict[str, Find] = {
        SMOOTHED: lambda spectra, count: by_sums(downsampled(spectra), chosen, count),
        LEAST_SQUARES: lambda spectra, count: components_by_least_squares(
            means, classes, smoothed(downsampled(spectra), chosen), count
        ),
        PEAK_MODEL: lambda spectra, count: components(model, peak_lists(spectra), count),
    }
    for method, find in methods.items():
        setting = None if method == PEAK_MODEL else f"smoothing {chosen:g}"
        yield from _mixture_rows(data, method, seed, find, setting)


def gallery_rows(sets: Sets, seed: int) -> Iterator[Row]:
    """Yields accuracies in random galleries of 100 classes, of a baseline and of peak models."""
    parts = sets["universal"]
    rng = np.random.default_rng(seed)
    lists = {p: peak_lists(parts[p].spectra) for p in ("train", "test")}
    reference = downsampled(parts["train"].spectra)
    chosen = _best_smoothing(reference, parts["train"].label, parts["validation"])
    reference = smoothed(reference, chosen)
    query = smoothed(downsampled(parts["test"].spectra), chosen)
    for gallery in range(GALLERIES):
        classes = rng.choice(CLASSES, GALLERY, replace=False)
        train, test = (np.isin(parts[p].label, classes) for p in ("train", "test"))
        label, true = parts["train"].label[train], parts["test"].label[test]
        model = fit_peak_model(lists["train"].subset(train), label)
        predictions = {
            SMOOTHED: nearest(reference[train], label, query[test]),
            PEAK_MODEL: model.predict(lists["test"].subset(test)),
        }
        for method, predicted in predictions.items():
            yield _row("unseen_classes", method, f"gallery {gallery}", 1, 1, predicted == true)


def _best_smoothing(
    reference: Vectors, label: npt.NDArray[np.int64], validation: Labelled
) -> float:
    """Returns the smoothing of the highest accuracy on the validation set."""
    query = downsampled(validation.spectra)

    def accuracy(deviation: float) -> float:
        predicted = nearest(smoothed(reference, deviation), label, smoothed(query, deviation))
        return float((predicted == validation.label).mean())

    return max(SMOOTHINGS, key=accuracy)


def _mixture_rows(
    data: TaskData,
    method: str,
    seed: int,
    find: Find,
    setting: str | None = None,
) -> list[Row]:
    rows = []
    for count in (2, 3, 4):
        mixtures = mix(data.test, count, seed)
        correct = correct_components(find(mixtures.spectra, count), mixtures.classes)
        rows += [
            _row("mixtures", method, "all", count, least, correct >= least, setting)
            for least in range(1, count + 1)
        ]
    return rows


def _rows(
    task: TaskName,
    method: str,
    predicted: npt.NDArray[np.int64],
    true: npt.NDArray[np.int64],
    setting: str | None = None,
) -> Iterator[Row]:
    correct = predicted == true
    yield _row(task, method, "all", 1, 1, correct, setting)
    if task == "challenge":
        for i, group in enumerate(CHALLENGE_GROUPS):
            yield _row(task, method, group, 1, 1, correct[true // 9 == i], setting)


def _row(
    task: TaskName,
    method: str,
    part: str,
    components: int,
    at_least: int,
    correct: npt.NDArray[np.bool_],
    setting: str | None = None,
) -> Row:
    return {
        "task": task,
        "method": method,
        "part": part,
        "components": components,
        "at_least": at_least,
        "n": len(correct),
        "accuracy": float(correct.mean()),
        "setting": setting,
    }
