import numpy as np
import pytest

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
        ({"ratings": ("good",)}, "no such rating"),
        ({"lasers_nm": (785.0,)}, "no spectrum of the library is left"),
    ],
)
def test_filters_that_cannot_be_used_are_refused(library, chosen, message):
    with pytest.raises(FilterError, match=message):
        Filters(**chosen).rows(library)


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
