import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from raman_pipeline.rruff.chemistry import ELEMENTS, compositions, element_amounts


@pytest.mark.parametrize(
    ("formula", "amounts"),
    [
        ("SiO_2_", {"Si": 1, "O": 2}),
        ("NaCl", {"Na": 1, "Cl": 1}),
        ("CaSO_4_·2H_2_O", {"Ca": 1, "S": 1, "O": 6, "H": 4}),
        ("CuSO_4_&#183;5H_2_O", {"Cu": 1, "S": 1, "O": 9, "H": 10}),
        # Charges count nothing, nor do vacancies.
        ("Pb^2+^_2_Fe^3+^(V^5+^O_4_)_2_(OH)", {"Pb": 2, "Fe": 1, "V": 2, "O": 9, "H": 1}),
        ("[box]Ca_2_F", {"Ca": 2, "F": 1}),
        # A range counts with its middle, a shared site is shared, x is one half.
        ("(Mg_4.5-2.5_Fe_0.5-2.5_)O", {"Mg": 3.5, "Fe": 1.5, "O": 1}),
        ("(Cu^1+^,Zn)_11_S", {"Cu": 5.5, "Zn": 5.5, "S": 1}),
        ("(Ca_1-x_Na_x_)_2_(OH)_6-x_", {"Ca": 1, "Na": 1, "O": 5.5, "H": 5.5}),
        # The sum of a site multiplies nothing.
        ("(Na_1.5_Ca_0.5_)_Σ=2_Si", {"Na": 1.5, "Ca": 0.5, "Si": 1}),
        # Notes, and words before a colon.
        ("Mg_1.00_O_1.00_; trace amounts of V", {"Mg": 1, "O": 1}),
        ("light phase: CePO_4_ ; dark phase: LaPO_4_", {"Ce": 1, "P": 1, "O": 4}),
        ("Ca[(OH)_2_", {"Ca": 1, "O": 2, "H": 2}),
        ("", {}),
        ("unknown", {}),
    ],
)
def test_formulae(formula, amounts):
    assert element_amounts(formula) == pytest.approx(amounts)


@example("_.a_")
@given(st.text(alphabet="(){}[],_^·2nx-SiOHCa Σ=;.", max_size=40))
def test_any_text_is_parsed_without_an_error(text):
    amounts = element_amounts(text)
    assert set(amounts) <= set(ELEMENTS)
    assert all(n > 0 for n in amounts.values())


def test_compositions_are_fractions():
    found = compositions(["SiO_2_", "", None])
    assert found.dtype == np.float32
    assert found.shape == (3, len(ELEMENTS))
    assert found[0, ELEMENTS.index("O")] == pytest.approx(2 / 3)
    assert found.sum(axis=1).tolist() == pytest.approx([1, 0, 0])
    assert compositions([]).shape == (0, len(ELEMENTS))
