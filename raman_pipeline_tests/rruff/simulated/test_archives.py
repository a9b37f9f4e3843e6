import zipfile

from raman_pipeline.rruff.archive import parse_archive
from raman_pipeline.rruff.simulated.__main__ import build_archives, zip_bytes
from raman_pipeline.rruff.simulated.archives import LABEL


def test_tracked_archives_are_what_the_script_makes(sample_folder):
    archives = build_archives()
    assert {p.stem for p in sample_folder.glob("*.zip")} == set(archives)
    for name, members in archives.items():
        with zipfile.ZipFile(sample_folder / f"{name}.zip") as archive:
            assert {n: archive.read(n) for n in archive.namelist()} == members, name


def test_same_seed_same_bytes_other_seed_other_bytes():
    first, again, other = (
        {name: zip_bytes(members) for name, members in build_archives(seed).items()}
        for seed in (1, 1, 2)
    )
    assert first == again != other


def test_small_and_labelled(sample_folder):
    assert sum(p.stat().st_size for p in sample_folder.glob("*.zip")) < 2_000_000
    for path in sample_folder.glob("*.zip"):
        table = parse_archive(path, path.stem).accepted
        assert all(LABEL in d for d in table["description"].to_pylist())
