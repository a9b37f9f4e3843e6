import pytest

from raman_pipeline.learning.identification import report
from raman_pipeline.learning.identification.evaluation import evaluate
from raman_pipeline.learning.identification.mixture_evaluation import evaluate_mixtures
from raman_pipeline.learning.identification.open_set import evaluate_open_set


@pytest.fixture(scope="module")
def identified(library):
    return evaluate(library).to_pandas()


def test_the_report_states_protocol_and_conclusions(library, identified):
    mixtures = evaluate_mixtures(library, 4, 0).to_pandas()
    open_set = evaluate_open_set(library).to_pandas()
    text = report.to_markdown(identified, open_set, mixtures, {"profile": "simulated"})
    assert "- profile: simulated" in text
    assert f"- {report.conclusions(identified, mixtures)[0]}" in text
    worse = identified.assign(rank=9)
    assert "ours does not beat 1-NN" in report.conclusions(worse, mixtures)[0]


def test_calibration_metrics_count_each_query_with_and_without_its_mineral(identified):
    metrics = report.calibration_metrics(identified)
    assert 0.5 < metrics["auroc"] <= 1
    assert metrics["queries"] == 2 * len(identified)


def test_groups_are_complete(identified):
    groups = report.accuracy_by_group(identified)
    assert groups.groupby("by")["n"].sum().tolist() == [len(identified)] * 2
