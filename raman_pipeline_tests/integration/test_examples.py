"""The Python of README.md and docs/ does what it says on a store of the sample."""

import re

import pytest

from raman_pipeline_tests.conftest import PROJECT

EXAMPLES = [
    example
    for page in (PROJECT / "README.md", *(PROJECT / "docs").glob("*.md"))
    for example in re.findall(r"```python\n(.*?)```", page.read_text("utf-8"), re.DOTALL)
]
pytestmark = pytest.mark.integration


@pytest.mark.parametrize("example", EXAMPLES)
def test_runs(example, settings, library_file, tmp_path, monkeypatch):
    assets = tmp_path / "data" / "store" / "sample" / "assets"
    assets.mkdir(parents=True)
    for file in settings.asset_store.glob("*.*"):
        (assets / file.name).symlink_to(file)
    (assets / "mineral_library.safetensors").unlink(missing_ok=True)
    (assets / "mineral_library.safetensors").symlink_to(library_file)
    rows = [f"{shift} {1 + shift % 100 / 50}" for shift in range(150, 1200)]
    (tmp_path / "mine.txt").write_text("\n".join(rows))
    monkeypatch.chdir(tmp_path)
    exec(example, {})
