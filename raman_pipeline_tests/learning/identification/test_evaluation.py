import numpy as np

from raman_pipeline.learning.identification.evaluation import IDENTIFIED, evaluate, ranks


def test_ties_count_against_the_correct_class():
    scores = np.array([[0.5, 0.5, 0.1], [0.9, 0.2, 0.3]], dtype=np.float32)
    assert ranks(scores, np.array([0, 2])).tolist() == [2, 2]
    assert ranks(scores, np.array([0, 2]), np.array([True, False, True])).tolist() == [1, 2]


def test_one_row_per_spectrum_and_only_the_leaky_protocol_leaks(library):
    table = evaluate(library)
    assert IDENTIFIED.problems(table) == []
    frame = table.to_pandas()
    assert len(frame) == len(library)
    assert (frame["rank_leaky"] == 1).mean() >= (frame["rank"] == 1).mean()
    assert (frame["rank_multi_specimen"] <= frame["rank"]).all()
    assert frame["country_rank"].isna().sum() == sum(
        library.countries[s] is None for s in library.specimen
    )
    assert evaluate(library).equals(table)
