import dataclasses
import re

import pytest

from raman_pipeline.learning.identification.identify import Identifier
from raman_pipeline.learning.identification.references import answer_json
from raman_pipeline.page.sample_report import sample_report
from raman_pipeline.spectra.spectrum_files import ReadOptions
from raman_pipeline_tests.learning.identification.minerals import measured_spectrum


@pytest.mark.parametrize("simulated", [False, True])
def test_a_report_holds_everything_and_needs_nothing(library, simulated):
    library = dataclasses.replace(library, simulated=simulated)
    spectrum = measured_spectrum(library, 7, name="folder/<b>mine.txt")
    (found,) = Identifier(library).identify([spectrum], always_mixtures=True)
    data = answer_json(library, found, ReadOptions())
    html = sample_report(library, found, data)
    assert html == sample_report(library, found, data)
    for part in (
        "<svg", "M1", "not in the library", "Possible mixtures", "Peaks beside", "matched",
        "&lt;b&gt;mine", library.version, "Lafuente", "lower envelope", "baseline none",
    ):  # fmt: skip
        assert part in html
    assert "<b>mine" not in html
    assert f"<b>M1 {100 * data['minerals'][0]['probability']:.0f}%</b>: the mineral is" in html
    # Nothing is loaded: links to RRUFF are only followed by a click.
    assert not re.search(r"<(script|img|link|iframe)|url\(\s*['\"]?(?!#)|@import", html)
    assert set(re.findall(r'href="(https?://[^/"]+)', html)) == (
        set() if simulated else {"https://rruff.info"}
    )
    assert ("Simulated library" in html) == simulated
