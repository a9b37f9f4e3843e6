import pandas as pd

from raman_pipeline.learning.synthetic_tasks import report


def runs(**accuracies):
    return pd.DataFrame(
        [
            {
                "task": "challenge", "method": method.replace("_", " "), "part": "all",
                "components": 1, "at_least": 1, "n": 100, "accuracy": accuracy + 0.01 * seed,
                "setting": None, "seed": seed,
            }
            for method, accuracy in accuracies.items()
            for seed in (0, 1)
        ]
    )  # fmt: skip


def test_the_report_states_the_best_method():
    won = report.summary(runs(peak_model=0.9, peak_list=0.8, embedding=0.5))
    assert report.conclusions(won) == [
        "challenge, 27 classes: peak models (90.50%) beat the best baseline, peak list (80.50%)."
    ]
    lost = report.summary(runs(peak_model=0.7, peak_list=0.8))
    assert "lose to the best baseline" in report.conclusions(lost)[0]
    text = report.to_markdown(won, {"data": "two seeds"})
    assert "| 53.08 | 78 to 87 | 50.50 ± 0.71 [2] |" in text
