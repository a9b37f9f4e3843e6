import pandas as pd

from raman_pipeline.learning.clustering.sparavigna2025 import AUGMENTED_BY_CLUSTER, match_files


def members(*names):
    return pd.DataFrame({"member_id": [f"id{i}" for i in range(len(names))], "member": names})


def test_counts_of_the_paper():
    files = match_files(members())
    assert len(files) == files["name"].nunique() == 44
    assert files.groupby("cluster")["mineral"].value_counts().tolist() == [19, 12, 1, 11, 1]
    assert sum(AUGMENTED_BY_CLUSTER.values()) == 50
    assert files["member_id"].isna().all()


def test_old_names_match_present_names():
    found = match_files(
        members(
            "Albite__R040068-3__Raman__514__0-000____Raman_Data_Processed__aad91d36.txt",
            "Albite__R040068-3__Raman__514__45-000__ccw__Raman_Data_Processed__e0ba99bb.txt",
            "Albite__R070268__Raman__532__0__unoriented__Raman_Data_Processed__20224.txt",
            "Albite__R070268__Raman__785__0__unoriented__Raman_Data_Processed__20226.txt",
            "Albite__R040068-4__Raman__514__45-000__ccw__Raman_Data_Processed__3c5fb82f.txt",
        )
    ).set_index("name")
    assert found["member_id"].dropna().to_dict() == {
        "Albite_R040068-3_Raman_514_0_ccw_Raman_Data_Processed_1596.txt": "id0",
        "Albite_R040068-3_Raman_514_45_ccw_Raman_Data_Processed_1598.txt": "id1",
        "Albite_R070268_Raman_532_0_unoriented_Raman_Data_Processed_20224.txt": "id2",
    }


def test_depolarized_is_not_counter_clockwise():
    name = "Albite_R040068-3_Raman_514_0_depolarized_Raman_Data_Processed_1602.txt"
    found = match_files(members(name)).set_index("name")["member_id"].dropna()
    assert found.to_dict() == {name: "id0"}
