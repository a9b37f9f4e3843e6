from raman_pipeline.learning.identification.mixture_evaluation import MIXTURES, evaluate_mixtures


def test_one_row_per_mixture_and_method(library):
    table = evaluate_mixtures(library, 4, 0)
    assert MIXTURES.problems(table) == []
    assert table.equals(evaluate_mixtures(library, 4, 0))
    frame = table.to_pandas()
    assert frame["components"].tolist() == [2] * 8 + [3] * 8
    assert (frame["correct"] <= frame["components"]).all()
