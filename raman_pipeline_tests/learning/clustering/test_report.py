import pandas as pd
import pytest

from raman_pipeline.learning.clustering.benchmark import SUPERVISED
from raman_pipeline.learning.clustering.report import (
    compare_with_paper,
    conclusions,
    summary,
    to_markdown,
)
from raman_pipeline.learning.clustering.sparavigna2025 import match_files

MEMBERS = pd.DataFrame(
    {
        "member_id": ["a", "b", "c"],
        "member": [
            "Albite__R040068-3__Raman__514__0-000____Raman_Data_Processed__aad91d36.txt",
            "Albite__R070268__Raman__532__0__unoriented__Raman_Data_Processed__20224.txt",
            "Almandine__R100046__Raman__532__0__unoriented__Raman_Data_Processed__33758.txt",
        ],
    }
)


def run(representation, from_autoencoder, ari, seed=0, clustering="K-Means", k_from="minerals"):
    return {"task": "hard set", "preset": "default", "seed": seed, "n": 10, "specimens": 5,
            "representation": representation, "from_autoencoder": from_autoencoder,
            "clustering": clustering, "k": 3, "k_from": k_from, "minerals": 3,
            "purity": 0.9, "ari": ari, "nmi": 0.8, "silhouette": 0.1}  # fmt: skip


def runs(latents, spectra=(0.5, 0.7), derivatives=(0.6, 0.6)):
    rows = [run("min-max spectra", False, a, s) for s, a in enumerate(spectra)]
    rows += [
        run("first-derivative spectra", False, a, s, "Ward") for s, a in enumerate(derivatives)
    ]
    rows += [run("latents", True, a, s) for s, a in enumerate(latents)]
    return pd.DataFrame(rows)


def clusters(*rows):
    return pd.DataFrame(rows, columns=["member_id", "mineral", "cluster", "augmented"])


def test_the_best_clustering_of_each_kind_is_compared_by_its_mean():
    (line,) = conclusions(summary(runs((0.8, 0.6))))
    assert "latents, K-Means, k from the minerals, ARI 0.700) beats" in line
    assert "(min-max spectra, K-Means, k from the minerals, 0.600) by 0.100" in line
    assert "K-Means on min-max spectra reaches 0.600 (seeds: 2)" in line


def test_the_autoencoder_may_lose_or_tie():
    assert "loses to" in conclusions(summary(runs((0.1, 0.2))))[0]
    assert "ties with" in conclusions(summary(runs((0.6, 0.6))))[0]


def test_the_supervised_baseline_is_compared_separately():
    supervised = run("first-derivative spectra", False, 0.95, 0, SUPERVISED, "labels")
    (line,) = conclusions(summary(pd.concat([runs((0.8, 0.6)), pd.DataFrame([supervised])])))
    assert "by 0.100" in line
    assert line.endswith("the mineral of the nearest training spectrum, reaches 0.950.")


def test_standard_deviations_are_over_seeds():
    table = summary(runs((0.8, 0.6))).set_index("representation")
    assert table.loc["latents", "ari_sd"] == pytest.approx(0.1414, abs=1e-3)
    assert table.loc["latents", "seeds"] == 2
    one = summary(runs((0.8,), (0.5,), (0.6,)))
    assert one["ari_sd"].isna().all()


def test_files_in_the_cluster_of_their_mineral_are_counted():
    ours = clusters(
        ("a", "Albite", 0, False), ("b", "Albite", 0, False), ("c", "Almandine", 0, False),
        ("d", "Almandine", 1, False), ("e", "Almandine", 1, False), ("a", "Albite", 0, True),
        ("b", "Albite", 1, True),
    )  # fmt: skip
    found = compare_with_paper(match_files(MEMBERS), {"ours": ours}).set_index("run")
    assert found.loc["the paper, as printed"].tolist()[:4] == [44, 42, 50, 20]
    # c is an almandine in the cluster of albite.
    assert found.loc["ours"].tolist()[:4] == [3, 2, 2, 1]
    assert found.loc["ours", "purity"] == pytest.approx(2 / 3)


def test_markdown_has_protocol_files_and_scores():
    table, chosen = summary(runs((0.8, 0.6))), runs((0.8, 0.6))
    matched = match_files(MEMBERS)
    files = compare_with_paper(matched, {})
    text = to_markdown(table, chosen, files, matched, {"profile": "sample (simulated spectra)"})
    assert "- profile: sample (simulated spectra)" in text
    assert "3 are available under their present names" in text
    assert "| latents | yes | K-Means | 3 (from the minerals) | 0.900 ± 0.000 | 0.700 ±" in text
