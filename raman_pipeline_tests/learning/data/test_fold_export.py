import pytest

from raman_pipeline.common.errors import InputError
from raman_pipeline.learning.data.fold_export import export_folds, folds_of_export
from raman_pipeline.learning.data.splits import SPLITS, deal_folds, folds_version
from raman_pipeline.profiles import load_settings
from raman_pipeline_tests.learning.data.test_splits import selection_of

ROWS = selection_of([i // 4 for i in range(160)], [i // 8 for i in range(160)], ["Peru"] * 160)


@pytest.fixture(scope="module")
def exported():
    dealt = {split: deal_folds(ROWS, split, 5, 7) for split in SPLITS}
    folds, ledgers = ({s: pair[i] for s, pair in dealt.items()} for i in (0, 1))
    return folds, ledgers, export_folds(folds, ledgers)


def test_folds_come_back_from_their_export_under_another_seed_and_are_kept(exported, tmp_path):
    folds, ledgers, text = exported
    path = tmp_path / "folds.csv"
    path.write_text(text)
    more = selection_of([i // 4 for i in range(200)], [i // 8 for i in range(200)], ["Peru"] * 200)
    for split in SPLITS:
        started = folds_of_export(path, split, 0)
        found, ledger = deal_folds(ROWS, split, 5, 0, [started])
        assert found.equals(folds[split])
        assert folds_version(found, ledger) == folds_version(folds[split], ledgers[split])
        # Also where the store has dealt others before.
        other = deal_folds(more, split, 5, 1)[1].to_pandas().assign(seed=0)
        other = started.schema.empty_table().from_pandas(other, started.schema, False)
        found = deal_folds(more, split, 5, 0, [started, other])[0]
        assert found["fold"][:160].equals(folds[split]["fold"])


def test_settings_follow_the_content_of_the_file(exported, tmp_path, monkeypatch):
    none = load_settings("sample").version_of(["folds"])
    path = tmp_path / "folds.csv"
    monkeypatch.setenv("RAMAN_PIPELINE_FOLDS", str(path))
    versions = []
    for text in (exported[2], exported[2] + "\n\n"):
        path.write_text(text)
        versions.append(load_settings("sample").version_of(["folds"]))
    assert len({none, *versions}) == 3


@pytest.mark.parametrize(
    ("spoiled", "message"),
    [
        (
            lambda text: "",
            "not a CSV of folds; use a file that `raman-pipeline export-folds` wrote",
        ),
        (lambda text: "a,b\n1,2\n", "lacks the columns member_id, measurement_key"),
        (lambda text: text.split("\n")[0], "has no rows"),
        (lambda text: text.replace(",random,", ",Random,"), "there is no split 'Random'; use"),
        (lambda text: text + "1,2", "there is no split ''; use"),
        (lambda text: text + text.split("\n", 1)[1], "random split were lost or changed"),
        (lambda text: text.replace("\n", "\n#", 1), "random split were lost or changed"),
        (lambda text: text.replace(",random,4,", ",random,,"), "random split were lost or changed"),
        (lambda text: text.replace(",1-", ",x-"), "not those of fold_version x-"),
    ],
)
def test_a_file_that_is_no_export_is_named(exported, tmp_path, spoiled, message):
    path = tmp_path / "folds.csv"
    path.write_text(spoiled(exported[2]))
    with pytest.raises(InputError, match=message):
        folds_of_export(path, "random", 0)
