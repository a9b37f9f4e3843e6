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

MEMBERS = (
    "Albite__R040068-3__Raman__514__0-000____Raman_Data_Processed__aad91d36.txt",
    "Albite__R070268__Raman__532__0__unoriented__Raman_Data_Processed__20224.txt",
    "Almandine__R100046__Raman__532__0__unoriented__Raman_Data_Processed__33758.txt",
)
DEPOLARIZED = "Albite_R040068-3_Raman_514_0_depolarized_Raman_Data_Processed_1602.txt"


def matched(*members):
    return match_files(
        pd.DataFrame({"member_id": list("abcdefg")[: len(members)], "member": members})
    )


def run(representation, from_autoencoder, ari, seed=0, clustering="K-Means", k_from="minerals"):
    return {"task": "hard set", "preset": "default", "seed": seed, "n": 10, "specimens": 5,
            "representation": representation, "from_autoencoder": from_autoencoder,
            "clustering": clustering, "k": 3, "k_from": k_from, "minerals": 3,
            "purity": 0.9, "ari": ari, "nmi": 0.8, "silhouette": 0.1}  # fmt: skip


def runs(latents, spectra=(0.5, 0.7), derivatives=(0.6, 0.6), more=()):
    rows = [run("min-max spectra", False, a, s) for s, a in enumerate(spectra)]
    rows += [
        run("first-derivative spectra", False, a, s, "Ward") for s, a in enumerate(derivatives)
    ]
    rows += [run("latents", True, a, s) for s, a in enumerate(latents)]
    return pd.DataFrame([*rows, *more])


def test_the_best_clustering_of_each_kind_is_compared_by_its_mean_over_seeds():
    table = summary(runs((0.8, 0.6)))
    latents = table.set_index("representation").loc["latents"]
    assert (latents["seeds"], latents["ari_sd"]) == (2, pytest.approx(0.1414, abs=1e-3))
    assert summary(runs((0.8,), (0.5,), (0.6,)))["ari_sd"].isna().all()
    (line,) = conclusions(table)
    assert "latents, K-Means, k from the minerals, ARI 0.700) beats" in line
    assert "(min-max spectra, K-Means, k from the minerals, 0.600) by 0.100" in line
    assert "loses to" in conclusions(summary(runs((0.1, 0.2))))[0]
    assert "ties with" in conclusions(summary(runs((0.6, 0.6))))[0]
    # The supervised baseline is compared separately.
    supervised = run("first-derivative spectra", False, 0.95, 0, SUPERVISED, "labels")
    (line,) = conclusions(summary(runs((0.8, 0.6), more=[supervised])))
    assert "by 0.100" in line and line.endswith("nearest training spectrum, reaches 0.950.")


def test_files_in_the_cluster_of_their_mineral_are_counted():
    ours = pd.DataFrame(
        {
            "member_id": list("abcdeab"),
            "mineral": ["Albite"] * 2 + ["Almandine"] * 3 + ["Albite"] * 2,
            "cluster": [0, 0, 0, 1, 1, 0, 1],
            "augmented": [False] * 5 + [True] * 2,
        }
    )
    files, chosen = matched(*MEMBERS), runs((0.8, 0.6))
    table = compare_with_paper(files, {"ours": ours})
    found = table.set_index("run")
    assert found.loc["the paper, as printed"].tolist()[:4] == [44, 42, 50, 20]
    # c is an almandine in the cluster of albite.
    assert found.loc["ours"].tolist()[:4] == [3, 2, 2, 1]
    assert found.loc["ours", "purity"] == pytest.approx(2 / 3)
    text = to_markdown(summary(chosen), chosen, table, files, {"profile": "sample"})
    assert "3 are available under their present names" in text
    assert "| latents | yes | K-Means | 3 (from the minerals) | 0.900 ± 0.000 | 0.700 ±" in text


def test_old_names_of_files_match_present_names():
    found = matched(
        MEMBERS[0],
        "Albite__R040068-3__Raman__514__45-000__ccw__Raman_Data_Processed__e0ba99bb.txt",
        MEMBERS[1],
        "Albite__R070268__Raman__785__0__unoriented__Raman_Data_Processed__20226.txt",
        "Albite__R040068-4__Raman__514__45-000__ccw__Raman_Data_Processed__3c5fb82f.txt",
        DEPOLARIZED,
    ).set_index("name")
    assert found["member_id"].dropna().to_dict() == {
        "Albite_R040068-3_Raman_514_0_ccw_Raman_Data_Processed_1596.txt": "a",
        "Albite_R040068-3_Raman_514_45_ccw_Raman_Data_Processed_1598.txt": "b",
        "Albite_R070268_Raman_532_0_unoriented_Raman_Data_Processed_20224.txt": "c",
        # Depolarized is not counter-clockwise.
        DEPOLARIZED: "f",
    }
