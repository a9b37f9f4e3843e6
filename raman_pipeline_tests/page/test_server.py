import gzip
import json
import socket
import tempfile
import threading
import time
from urllib.parse import quote

import httpx
import numpy as np
import pytest

from raman_pipeline.common.errors import InputError
from raman_pipeline.learning.identification.own import OwnLibrary, OwnSpectrum
from raman_pipeline.page import answers as answers_module
from raman_pipeline.page import server
from raman_pipeline.page.answers import Answers
from raman_pipeline.page.server import listening_socket
from raman_pipeline_tests.learning.identification.minerals import measured_spectrum
from raman_pipeline_tests.page.conftest import served
from raman_pipeline_tests.spectra.test_spectrum_files import wdf_bytes

BYTES = {"Content-Type": "application/octet-stream"}


def text_of(library, *rows):
    spectra = [measured_spectrum(library, row) for row in rows]
    columns = np.column_stack([spectra[0].raman_shift, *(s.intensity for s in spectra)])
    head = "Raman shift," + ",".join(f"Intensity {i}" for i in range(len(rows)))
    return "\n".join([head, *(",".join(map(str, row)) for row in columns)]).encode()


def post(page, content, headers=BYTES, **words):
    return page.post("/api/identify", params=words, content=content, headers=headers)


def test_a_file_is_identified_with_curves_and_peaks(page, library):
    answer = post(page, text_of(library, 7), name="folder/mine.csv", top="3", mixtures="1")
    assert answer.status_code == 200
    (found,) = answer.json()["spectra"]
    assert (found["file"], found["minerals"][0]["name"]) == ("mine.csv", "M1")
    assert len(found["minerals"]) == 3 and found["mixtures"][0]["components"][0]["id"]
    assert found["minerals"][0]["peak_table"]["counts"]["matched"] > 0
    assert max(y for y in found["curve"]["values"] if y is not None) == 1
    assert max(found["raw"]["intensity"]) > 800
    near = page.get(f"/api/reference/{found['minerals'][0]['nearest'][0]['id']}").json()
    assert near["mineral"] == "M1" and len(near["curve"]["values"]) == 1200


def test_own_spectra_are_found_and_drawn(library, library_file, tmp_path):
    spectrum = measured_spectrum(library, 7, noise=0.01)
    x, y = spectrum.raman_shift, spectrum.intensity
    OwnLibrary((OwnSpectrum("a#1", "a", "M1", x, y),)).write(tmp_path / "own")
    with served(Answers(library_file, tmp_path / "own")) as client:
        content = "\n".join(f"{at},{value}" for at, value in zip(x, y, strict=True)).encode()
        for words in ({}, {"exclude": "M0"}):
            found = post(client, content, name="mine.csv", **words).json()
            near = found["spectra"][0]["minerals"][0]["nearest"][0]
            assert (near["id"], near["source"]) == ("own:a#1", "own")
            assert found["library"]["own"]["spectra"] == 1
        assert client.get(f"/api/reference/{quote(near['id'])}").json()["mineral"] == "M1"
        html = post(client, content, name="mine.csv", format="html").text
        assert "own:a" in html and "calibrated on RRUFF" in html


def test_several_spectra_some_left_out_and_their_reports(page, library, monkeypatch):
    content = text_of(library, 7, 14, 21)
    monkeypatch.setattr(answers_module, "MOST_SPECTRA", 2)
    found = post(page, content, name="three.csv").json()
    assert [s["file"] for s in found["spectra"]] == ["three.csv#1", "three.csv#2"]
    assert found["left_out"] == 1
    html = post(page, content, name="three.csv", format="html", spectrum="2").text
    assert html.startswith("<!doctype html>") and "three.csv#2" in html and "M2" in html
    refused = post(page, content, name="three.csv", format="html", spectrum="9")
    assert (
        refused.status_code == 422
        and "no spectrum 9 among the 2 that are answered" in refused.json()["error"]
    )


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "mine.txt: the file is empty"),
        (b"PK\x03\x04 a workbook", "packed (zip"),
        (b"WDF1" + bytes(900), "not a complete WDF file"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_as_by_the_command(page, content, said):
    answer = post(page, content, name="mine.txt")
    assert answer.status_code == 422
    assert said in answer.json()["error"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ({"baseline": "magic"}, "use none, arpls"),
        ({"laser": "green"}, "laser: green is no number from 200 to 1100"),
        ({"top": "99"}, "from 1 to 20"),
        ({"reference_laser": "nan"}, "reference_laser"),
        ({"elements": "Xx"}, "Xx: is no element"),
        ({"minerals": "M77"}, "M77: no such mineral"),
        ({"axis": "um"}, "use cm-1, nm"),
        ({"mixtures": "yes"}, "mixtures: yes; use 0, 1"),
        ({"format": "html", "spectrum": "one"}, "one is no number"),
        ({"element": "Ca"}, "no parameter element; use elements, without"),
    ],
)
def test_settings_that_cannot_be_used_are_refused_in_words(page, library, words, said):
    answer = post(page, text_of(library, 7), name="mine.txt", **words)
    assert answer.status_code == 400
    assert said in answer.json()["error"]


def test_a_spectrum_that_cannot_be_used_is_an_entry(page):
    (entry,) = post(page, b"100 1\n200 2\n", name="mine.txt").json()["spectra"]
    assert entry["file"] == "mine.txt" and "mine.txt: " in entry["error"]


def test_filters_and_what_is_said_of_the_file(page, library):
    found = post(page, text_of(library, 7), name="a.txt", exclude="M1,M2", laser="785").json()
    (one,) = found["spectra"]
    assert {"M1", "M2"}.isdisjoint(m["name"] for m in one["minerals"])
    assert one["settings"]["exclude"] == ["M1", "M2"] and one["settings"]["laser_nm"] == 785


def test_names_references_and_health(page):
    names = page.get("/api/minerals").json()["minerals"]
    assert names[0] == {"name": "M0", "also_named": [], "spectra": 6}
    (green,) = page.get("/api/minerals", params={"name": "m1", "laser": "532"}).json()["minerals"]
    assert [s["laser_nm"] for s in green["spectra"]] == [532.0] * 3
    unknown = page.get("/api/minerals", params={"name": "M11"})
    assert unknown.status_code == 404 and "near it: M1" in unknown.json()["error"]
    assert page.get("/api/reference/absent").status_code == 404
    assert page.get("/health").json()["library"]["minerals"] == 8


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Host": "localhost:PORT"}, 200),
        ({"Origin": "http://127.0.0.1:PORT", "Sec-Fetch-Site": "same-origin"}, 200),
        ({"Host": "evil.example"}, 403),
        ({"Host": "127.0.0.1:99999"}, 403),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://localhost:PORT"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
    ],
)
def test_other_origins_are_refused(page, library, headers, status):
    headers = {k: v.replace("PORT", str(page.base_url.port)) for k, v in headers.items()}
    assert page.get("/api/minerals", headers=headers).status_code == status
    assert post(page, text_of(library, 7), {**BYTES, **headers}).status_code == status


def test_pages_have_a_policy_and_no_form_can_upload(page, library):
    for path in ("/", "/page.js", "/plot.js", "/page.css"):
        answer = page.get(path)
        assert answer.status_code == 200
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        assert "http://" not in answer.text.replace("http://www.w3.org/2000/svg", "")
        assert "https://" not in answer.text
    assert page.get("/../server.py").status_code == 404
    for kind in ("text/plain", "multipart/form-data", "application/x-www-form-urlencoded"):
        assert post(page, text_of(library, 7), {"Content-Type": kind}).status_code == 415


def test_size_and_time_are_limited(page, answers, library, monkeypatch):
    monkeypatch.setattr(server, "MOST_BYTES", 1000)
    assert post(page, bytes(1001), name="big.txt").status_code == 413
    parts = iter([bytes(600), bytes(600)])
    assert post(page, parts, name="big.txt").status_code == 413
    monkeypatch.setattr(server, "MOST_BYTES", 10**6)
    monkeypatch.setattr(answers_module, "MOST_BYTES", 10**6)
    packed = post(page, gzip.compress(bytes(10**6 + 1)), name="a.txt.gz")
    assert packed.status_code == 422 and "holds more than 1 MB" in packed.json()["error"]
    monkeypatch.setattr(answers, "identify", lambda *_: time.sleep(0.5))
    with served(answers, seconds=0.05) as hurried:
        late = post(hurried, text_of(library, 7))
        assert late.status_code == 503 and "no answer within 0.05 s" in late.json()["error"]
        assert hurried.get("/health").status_code == 200


def test_searching_ends_at_its_time(answers, library):
    asked = answers_module.Asked()
    found = answers.identify("a.csv", text_of(library, 7, 14), asked, lambda: True)
    assert (found["spectra"], found["left_out"]) == ([], 2)
    with served(answers, stopping=lambda: True) as ending:
        assert post(ending, text_of(library, 7, 14), name="a.csv").json()["left_out"] == 2


def test_work_ends_once_nobody_waits_for_it(answers, library, monkeypatch):
    ended = threading.Event()

    def work(name, content, asked, over):
        while not over():
            time.sleep(0.01)
        ended.set()

    monkeypatch.setattr(answers, "identify", work)
    with served(answers) as client:
        client.timeout = 0.3
        with pytest.raises(httpx.ReadTimeout):
            post(client, text_of(library, 7))
        assert ended.wait(10)


def test_uploads_are_not_written_to_disk(page, library, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    # Any file of this module would be an error.
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "none"))
    assert post(page, text_of(library, 7), name="../a.txt").json()["spectra"][0]["file"] == "a.txt"
    from_memory = post(page, wdf_bytes(3), name="a.wdf").json()["spectra"]
    assert [s["file"] for s in from_memory] == ["a.wdf#1", "a.wdf#2", "a.wdf#3"]
    assert list(tmp_path.iterdir()) == []


def test_a_port_in_use_is_told():
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        with pytest.raises(InputError, match="choose another one with --port"):
            listening_socket(other.getsockname()[1])


def test_answers_are_json_without_nan(page, library):
    text = post(page, text_of(library, 7), name="a.txt").text
    json.loads(text, parse_constant=lambda word: pytest.fail(word))
