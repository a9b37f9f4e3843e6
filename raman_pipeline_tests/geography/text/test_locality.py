import pytest
from hypothesis import given
from hypothesis import strategies as st

from raman_pipeline.geography.text.locality import (
    OriginClass,
    fold,
    fold_all,
    names_synthetic,
    parse_locality,
)


def test_segments_and_aliases():
    parsed = parse_locality("Sarabau  mine, near Bau ,Sarawak; Borneo (Malaysia).")
    assert parsed.segments == ("Sarabau mine", "near Bau", "Sarawak", "Borneo")
    assert parsed.aliases == ("Malaysia",)
    assert parsed.cleaned == "Sarabau mine, near Bau, Sarawak, Borneo"


@pytest.mark.parametrize(
    ("text", "origin"),
    [
        ("Tsumeb mine, Tsumeb, Namibia", OriginClass.NATURAL),
        ("", OriginClass.UNKNOWN),
        (None, OriginClass.UNKNOWN),
        ("Unknown", OriginClass.UNKNOWN),
        ("synthetic from Dupont", OriginClass.SYNTHETIC),
        ("Synthetic, made in the Czech Republic", OriginClass.SYNTHETIC),
        ("Only one crystal was synthesized hydrothermally at 700°C", OriginClass.SYNTHETIC),
        ("Lab-grown by bacteria in 15% potassium carbonate", OriginClass.SYNTHETIC),
        ("Haltcliff Smelter, Caldbeck Fells, Cumbria, England", OriginClass.ANTHROPOGENIC),
        ("Lavrion District slag localities, Greece", OriginClass.ANTHROPOGENIC),
        ("Springwater meteorite, Springwater, Canada", OriginClass.EXTRATERRESTRIAL),
        ("Suizhou L6 chondrite, Dayanpo, China", OriginClass.EXTRATERRESTRIAL),
        ("Mare Imbrium, the Moon", OriginClass.EXTRATERRESTRIAL),
        ("Midatlantic Ridge, 5000 m depth, Atlantic Ocean", OriginClass.OCEAN),
        # What only looks like it.
        ("Mars, Pennsylvania", OriginClass.NATURAL),
        ("Oceanic Mine, San Luis Obispo Co., California, USA", OriginClass.NATURAL),
        ("Flux mine, Patagonia, Arizona, USA", OriginClass.NATURAL),
        ("Commercial Quarry, Crestmore, California, USA", OriginClass.NATURAL),
        ("Franklin Furnace, New Jersey, USA", OriginClass.NATURAL),
        ("Meteor Crater, Coconino County, Arizona, USA", OriginClass.NATURAL),
        ("Vein No. 1 of Labuntsov, Kola peninsula, Russia", OriginClass.NATURAL),
    ],
)
def test_classes(text, origin):
    assert parse_locality(text).origin == origin


@pytest.mark.parametrize(
    ("text", "synthetic"),
    [
        ("Transparent crystal, synthesized at 1223 deg C with K2WO4 flux", True),
        ("A cut sapphire gemstone, grown by flame fusion", True),
        ("A cut alexandrite gemstone; flux grown", True),
        ("White cleavage fragment showing polysynthetic twinning", False),
        ("Vitreous pseudo-octahedral crystals and intergrown clusters", False),
        ("Crystals from the Geophysical Laboratory collection", False),
        (None, False),
    ],
)
def test_synthetic_words(text, synthetic):
    assert names_synthetic(text) is synthetic
    assert names_synthetic("Quartz", text) is synthetic


def test_fold():
    names = ["Zaïre", "U.S.S.R.", "Sri-Lanka", "Côte d'Ivoire", "Røros", "Gießen"]
    folded = ["zaire", "ussr", "sri lanka", "cote divoire", "roros", "giessen"]
    assert fold_all(names).to_pylist() == [fold(name) for name in names] == folded


@given(st.text(max_size=60) | st.text(st.characters(categories=["L", "N", "P", "Z"]), max_size=80))
def test_any_text_parses_and_parsing_and_folding_again_change_nothing(text):
    parsed = parse_locality(text)
    assert parsed.text == text
    assert all(s == s.strip() and s for s in parsed.segments)
    assert "  " not in parsed.cleaned
    assert parse_locality(parsed.cleaned).cleaned == parsed.cleaned
    assert fold(fold(text)) == fold(text)


@given(st.lists(st.text(max_size=30) | st.text(st.characters(codec="ascii")), max_size=20))
def test_folding_many_is_folding_each(texts):
    assert fold_all(texts).to_pylist() == [fold(t) for t in texts]
