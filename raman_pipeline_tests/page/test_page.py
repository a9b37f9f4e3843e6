"""The page in a real browser: files are dropped, keys pressed, answers read."""

import json
import threading

import pytest

from raman_pipeline_tests.page.browser import PROGRAM, chromium
from raman_pipeline_tests.page.test_server import text_of

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(PROGRAM is None, reason="no Chromium on this machine: page not tested"),
]
ANSWERED = "document.getElementById('work').hidden && document.querySelectorAll('#list li')"


@pytest.fixture(scope="module")
def tab(tmp_path_factory):
    with chromium(tmp_path_factory.mktemp("browser")) as browser:
        yield browser


@pytest.fixture
def files(library, tmp_path):
    for row in (7, 14):
        (tmp_path / f"{row}.csv").write_bytes(text_of(library, row))
    (tmp_path / "three.csv").write_bytes(text_of(library, 7, 14, 21))
    (tmp_path / "bad.txt").write_text("not a spectrum <b>at all</b>")
    return tmp_path


def listed(tab):
    return tab.run("[...document.querySelectorAll('#list .said')].map(e => e.textContent)")


def drawn(tab, least=4):
    tab.wait(f"document.querySelectorAll('#plot polyline').length >= {least}")


def test_a_mineral_is_accepted_and_taken_back(tab, page, files):
    tab.open(str(page.base_url))
    tab.drop(files / "7.csv")
    tab.wait(f"{ANSWERED}.length == 1")
    tab.wait("!!document.querySelector('#minerals button')")
    tab.run("document.querySelector('#minerals button').click()")
    tab.wait("!!document.getElementById('accepted')")
    assert "M1 (R01" in tab.run("document.getElementById('accepted').innerText")
    assert not tab.run("document.querySelector('#minerals tbody').innerText").startswith("M1")
    assert listed(tab)[0].startswith("M1, left ")
    tab.wait("document.getElementById('plot').textContent.includes('7.csv, less M1')")
    tab.run("document.querySelector('#accepted button').click()")
    tab.wait("!document.getElementById('accepted')")
    assert tab.run("document.querySelector('#minerals tbody').innerText").startswith("M1")
    assert listed(tab) == ["M1, 100%"]


def test_files_are_dropped_and_answered(tab, page, files):
    tab.open(str(page.base_url))
    assert tab.run("!document.getElementById('empty').hidden")
    tab.drop(files / "7.csv", files / "three.csv")
    tab.wait(f"{ANSWERED}.length == 4")
    assert [said.split(",")[0] for said in listed(tab)] == ["M1", "M1", "M2", "M3"]
    drawn(tab)
    assert tab.run("document.getElementById('verdict').textContent").startswith("M1 ")
    assert tab.run("document.querySelectorAll('#minerals tbody tr').length") == 6
    assert "not in the library" in tab.run("document.getElementById('minerals').innerText")
    assert tab.run("document.querySelectorAll('#peaks tr.matched').length") >= 2
    assert tab.run("document.querySelectorAll('#plot .mark.matched').length") >= 2
    # The list by keyboard, then a mineral, then a peak, to which the plot zooms.
    tab.run("document.querySelector('#list button').focus()")
    tab.key("ArrowDown")
    tab.key("ArrowDown")
    tab.wait("document.getElementById('title').textContent == 'three.csv#2'")
    tab.run("document.querySelectorAll('#minerals tbody tr')[1].focus()")
    tab.key("Enter")
    chosen = "#minerals tbody tr:nth-child(2)[aria-current=true]"
    tab.wait(f"document.activeElement === document.querySelector('{chosen}')")
    ticks = "[...document.querySelectorAll('#plot text')].map(e => e.textContent).join()"
    before = tab.run(ticks)
    tab.run("document.querySelector('#peaks tbody tr').click()")
    tab.wait(f"{ticks} != {json.dumps(before)}")
    assert tab.faults == []


def test_mirror_raw_and_keys_of_the_plot(tab, page, files):
    tab.open(str(page.base_url))
    tab.drop(files / "7.csv")
    drawn(tab)
    tab.run("document.querySelector('[value=mirror]').click()")
    tab.wait("!document.querySelector('#plot .ghost')")
    tab.run("document.getElementById('raw').click()")
    tab.wait("!!document.querySelector('#plot polyline.raw')")
    tab.run("document.getElementById('plot').focus()")
    count = "document.querySelector('#plot polyline.query').points.length"
    whole = tab.run(count)
    tab.key("+", "+")
    tab.wait(f"{count} < {whole}")
    tab.key("0", "0")
    tab.wait(f"{count} == {whole}")
    assert tab.faults == []


def test_settings_apply_to_all_files_and_the_report_is_saved(tab, page, files):
    tab.open(str(page.base_url))
    tab.drop(files / "7.csv", files / "14.csv")
    tab.wait(f"{ANSWERED}.length == 2")
    tab.run("document.querySelector('[name=exclude]').value = 'M1'")
    tab.run("document.querySelector('#options button').click()")
    tab.wait(f"{ANSWERED}.length == 2 && !document.getElementById('list').innerText.includes('M1')")
    tab.run("document.getElementById('report').click()")
    saved = tab.downloads / "7.csv.html"
    tab.wait("document.getElementById('work').hidden")
    for _ in range(100):
        if saved.exists():
            break
        tab.run("new Promise(done => setTimeout(done, 50))")
    assert "exclude M1" in saved.read_text()
    assert tab.faults == []


def test_a_name_shows_its_references_and_an_unknown_one_what_is_near(tab, page):
    tab.open(str(page.base_url), width=390, height=844, dark=True)
    tab.run("document.getElementById('name').focus()")
    tab.type("m3")
    tab.key("Enter", "\r")
    tab.wait("document.querySelectorAll('#spectra tbody tr').length == 6")
    drawn(tab)
    # On a phone, nothing but tables is wider than the screen.
    assert tab.run("document.documentElement.scrollWidth") == 390
    assert tab.faults == []
    tab.run("document.getElementById('name').value = 'M33'")
    tab.run("document.querySelector('#look-up button').click()")
    tab.wait("document.getElementById('error').innerText.includes('near it: M3')")
    tab.faults.clear()


def test_settings_that_cannot_be_used_are_told_once(tab, page, files):
    tab.open(str(page.base_url))
    tab.drop(files / "7.csv", files / "14.csv")
    tab.wait(f"{ANSWERED}.length == 2")
    tab.run("document.querySelector('[name=elements]').value = 'Xx'")
    tab.run("document.querySelector('#options button').click()")
    tab.wait("document.getElementById('error').innerText.includes('Xx: is no element')")
    assert tab.run(f"{ANSWERED}.length") == 0
    assert len(tab.faults) == 1
    tab.faults.clear()


def test_long_work_can_be_stopped(tab, page, files, answers, monkeypatch):
    proceed = threading.Event()
    monkeypatch.setattr(answers, "identify", lambda *_: proceed.wait(30) and {})
    tab.open(str(page.base_url))
    tab.drop(files / "7.csv", files / "14.csv")
    tab.wait("document.getElementById('progress').textContent == '7.csv: 1 of 2 …'")
    tab.run("document.getElementById('stop').click()")
    tab.wait(f"{ANSWERED}.length == 0")
    proceed.set()
    monkeypatch.undo()
    tab.drop(files / "7.csv")
    tab.wait(f"{ANSWERED}.length == 1")
    tab.wait("!!document.querySelector('#minerals button')")
    proceed.clear()
    monkeypatch.setattr(answers, "identify", lambda *_: proceed.wait(30) and {})
    tab.run("document.querySelector('#minerals button').click()")
    tab.wait("!document.getElementById('work').hidden")
    tab.run("document.getElementById('stop').click()")
    tab.wait("document.getElementById('work').hidden")
    tab.run("new Promise(done => setTimeout(done, 100))")
    assert tab.run("document.getElementById('error').hidden")
    proceed.set()
    assert tab.faults == []


def test_a_folder_and_a_number_in_a_name(tab, page, files):
    (files / "spot #2").write_bytes((files / "7.csv").read_bytes())
    (files / "folder").mkdir()
    tab.open(str(page.base_url))
    tab.drop(files / "spot #2", files / "folder")
    tab.wait(f"{ANSWERED}.length == 2")
    assert listed(tab)[1].startswith("folder: cannot be read; drop files, no folders")
    tab.run("document.getElementById('report').click()")
    tab.wait("document.getElementById('work').hidden")
    assert tab.run("document.getElementById('error').hidden")
    assert tab.faults == []


def test_a_bad_file_is_told_as_text(tab, page, files):
    tab.open(str(page.base_url))
    tab.drop(files / "bad.txt")
    tab.wait("document.getElementById('error').innerText.includes('bad.txt')")
    assert tab.run("document.querySelectorAll('#error b').length") == 0
    assert all("422" in fault["text"] for fault in tab.faults)
    tab.faults.clear()
