from dataclasses import replace

import numpy as np
import pytest

from raman_pipeline.learning.identification.calibration import Calibration
from raman_pipeline.learning.identification.filters import PENALTY, FilterError, Filters
from raman_pipeline.learning.identification.identify import Identifier
from raman_pipeline_tests.learning.identification.minerals import measured_spectrum


def minerals(library, rows):
    return "".join(sorted({library.minerals[i].removeprefix("M") for i in library.mineral[rows]}))


@pytest.mark.parametrize(
    ("elements", "without", "agree", "with_one_contradiction"),
    [
        # M0 SiO2, M1 (Ca,Mg)CO3, M2 CaCO3, M3 CaSO4, M4 Fe2O3, M5 PbS, M6 no formula, M7 NaAlSi3O8
        (("Ca", "C", "O"), (), "126", "3"),
        # A specimen of M1 was measured to hold no Mg.
        (("Ca", "C", "O"), ("Mg", "S"), "126", "1"),
        (("Pb", "S"), ("others",), "56", ""),
        (("Si", "O"), (), "067", ""),
        (("Fe",), ("others",), "46", ""),
        (("C",), ("others",), "6", "12"),
        (("Si",), (), "067", ""),
        ((), ("O",), "56", ""),
    ],
)
def test_one_contradiction_is_tolerated_at_a_price(
    library, elements, without, agree, with_one_contradiction
):
    filters = Filters(elements, without)
    penalties = filters.penalties(library)
    assert minerals(library, penalties == 0) == agree
    assert minerals(library, penalties == -PENALTY) == with_one_contradiction
    assert np.array_equal(filters.rows(library), penalties >= -PENALTY)


def test_minerals_lasers_and_ratings(library):
    def left(**chosen):
        return Filters(**chosen).rows(library)

    assert minerals(library, left(minerals=("m3", "M5"))) == "35"
    assert minerals(library, left(exclude=("M0",))) == "1234567"
    assert np.array_equal(left(lasers_nm=(533.0,)), library.wavelength == 532)
    assert np.array_equal(left(ratings=("Fair",)), np.array(library.ratings) == "fair")


@pytest.mark.parametrize(
    ("chosen", "message"),
    [
        ({"elements": ("Xx",)}, "Xx: is no element"),
        ({"elements": ("others",)}, "others: is no element"),
        ({"elements": ("Ca",), "without": ("Ca",)}, "both"),
        ({"minerals": ("M77",)}, "M77: no such mineral in the library; near it: M7"),
        ({"accept": ("M77",)}, "M77: no such mineral in the library; near it: M7"),
        ({"ratings": ("good",)}, "no such rating"),
        ({"lasers_nm": (785.0,)}, "no spectrum of the library is left"),
    ],
)
def test_filters_that_cannot_be_used_are_refused(library, chosen, message):
    with pytest.raises(FilterError, match=message):
        Filters(**chosen).rows(library)


@pytest.mark.parametrize(("row", "wrong", "share"), [(21, 8, 0.3), (41, 2, 0.5), (2, 21, 0.7)])
def test_a_filter_that_leaves_a_wrong_mineral_makes_it_no_known_one(library, row, wrong, share):
    mine, other = (measured_spectrum(library, r) for r in (row, wrong))
    mine = replace(mine, intensity=mine.intensity + share * other.intensity)
    own, name = (library.minerals[library.mineral[r]] for r in (row, wrong))
    (free,) = Identifier(library).identify([mine])
    assert free.minerals[0].name == own and not free.unknown
    (found,) = Identifier(library, filters=Filters(minerals=(name,))).identify([mine])
    assert found.minerals[0].nearest[0].similarity > 0.5 and found.in_library < 0.1
    (right,) = Identifier(library, filters=Filters(exclude=(name,))).identify([mine])
    assert right.minerals[0].name == own
    assert right.in_library == pytest.approx(free.in_library, abs=0.05)


def test_spectra_that_are_left_out_by_their_laser_do_not_count(library):
    mine = [measured_spectrum(library, 1)]
    (found,) = Identifier(library, filters=Filters(lasers_nm=(532.0,))).identify(mine)
    assert len(found.minerals) == 5 and not found.unknown
    ids = {n.member_id for m in found.minerals for n in m.nearest}
    left = np.array(library.member_id)[library.wavelength == 532]
    assert ids <= set(left)
    probabilities = [m.probability for m in found.minerals]
    assert probabilities == sorted(probabilities, reverse=True)


def test_only_what_the_filters_leave_is_searched(library):
    filters = Filters(elements=("Ca", "C", "O"), exclude=("M2",))
    identifier = Identifier(library, filters=filters)
    whole = Identifier(library)
    spectra = [measured_spectrum(library, row) for row in range(0, len(library), 5)]
    for found, before in zip(identifier.identify(spectra), whole.identify(spectra), strict=True):
        assert {m.name for m in found.minerals} == {"M1", "M3", "M6"}
        similar = {n.member_id: n.similarity for m in before.minerals for n in m.nearest}
        for near in (n for m in found.minerals for n in m.nearest):
            expected = similar.get(near.member_id, near.similarity)
            assert near.similarity == pytest.approx(expected, abs=1e-6)
        assert found.settings["elements"] == ["Ca", "C", "O"]
        assert found.library["version"] == before.library["version"]
        assert found.library["searched_minerals"] == 3 < found.library["minerals"] == 8
        assert 0 < found.in_library < 1


@pytest.mark.parametrize(
    ("without", "fitted"), [(("Mg",), "calibration"), (("others",), "calibration_elements")]
)
def test_a_whole_analysis_has_its_own_calibration(library, without, fitted):
    identifier = Identifier(library, filters=Filters(elements=("Ca",), without=without))
    assert identifier.calibration == Calibration.from_json(library.fitted[fitted])
    assert library.fitted["calibration"] != library.fitted["calibration_elements"]


@pytest.mark.parametrize(
    ("filters", "warned"),
    [
        (Filters(exclude=("M3",)), True),
        (Filters(minerals=("M0", "M5")), True),
        (Filters(without=("S",)), True),
        (Filters(minerals=("M3", "M5")), False),
        (Filters(accept=("M5",)), False),
        (Filters(exclude=("M3",), accept=("M5",)), True),
        (Filters(accept=("M3",), exclude=("M0",)), False),
    ],
)
def test_a_better_mineral_that_filters_rule_out_is_named(library, filters, warned):
    row = int(np.flatnonzero(library.mineral == library.minerals.index("M3"))[0])
    (found,) = Identifier(library, filters=filters).identify([measured_spectrum(library, row)])
    texts = [w.text for w in found.query.warnings if w.kind == "filters"]
    assert len(texts) == warned
    assert all("the filters M3 would be first: probability 100%" in text for text in texts)
