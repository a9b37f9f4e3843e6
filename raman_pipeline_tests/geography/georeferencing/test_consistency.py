from raman_pipeline.geography.georeferencing.consistency import minority_countries

TSUMEB = [(f"Shaft {i}", "NA", (f"Shaft {i}", "Tsumeb")) for i in range(5)]


def test_a_minority_is_found():
    berlin = ("Tsumeb, Berlin", "DE", ("Tsumeb", "Berlin"))
    found = minority_countries([*TSUMEB, berlin, ("Tsumeb", None, ("Tsumeb",))])
    about = {"name": "tsumeb", "iso_a2": "NA", "agreeing": 5, "localities": 6}
    assert found == {"Tsumeb, Berlin": about}
    # Of two names, that of most localities decides.
    both = ("x", "DE", ("Otavi", "Tsumeb"))
    otavi = [(f"Otavi {i}", "ZA", ("Otavi",)) for i in range(4)]
    assert minority_countries([*TSUMEB, *otavi, both])["x"]["name"] == "tsumeb"


def test_few_or_agreeing_localities_have_no_minority():
    assert minority_countries(TSUMEB) == {}
    assert minority_countries([*TSUMEB[:2], ("x", "DE", ("Tsumeb",))]) == {}
    half = [(f"x {i}", "DE", ("Tsumeb",)) for i in range(3)]
    assert minority_countries([*TSUMEB, *half]) == {}
