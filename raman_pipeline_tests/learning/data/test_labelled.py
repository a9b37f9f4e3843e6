from dataclasses import replace

import pytest

from raman_pipeline.learning.data.labelled import LABELLED, labelled_spectra

WITHOUT_FOLD, WITH_FOLD = 0, 1


def other_intensity(folds, tensor, covariates, row):
    intensity = tensor.intensity.copy()
    intensity[row, 7] += 0.01
    return folds, replace(tensor, intensity=intensity), covariates


def other_position(folds, tensor, covariates, row):
    moved = covariates.copy()
    moved.loc[row, "latitude"] = 1.0
    return folds, tensor, moved


def other_mineral(folds, tensor, covariates, row):
    renamed = folds.copy()
    renamed.loc[row, "mineral"] = "Opal"
    return renamed, tensor, covariates


@pytest.mark.parametrize("change", [other_intensity, other_position, other_mineral])
def test_only_what_has_a_fold_counts(small_problem, change):
    before = labelled_spectra(*small_problem)
    assert LABELLED.problems(before) == []
    assert labelled_spectra(*change(*small_problem, WITHOUT_FOLD)) == before
    after = labelled_spectra(*change(*small_problem, WITH_FOLD))
    differ = before.to_pandas().ne(after.to_pandas()).any(axis=1)
    assert before.to_pandas().loc[differ, "member_id"].tolist() == [f"m{WITH_FOLD}"]
    tensor = replace(small_problem[1], grid=small_problem[1].grid + 1)
    assert labelled_spectra(small_problem[0], tensor, small_problem[2]) != before
