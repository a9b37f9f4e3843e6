"""The UI: `raman-pipeline ui` serves the runs that the command line made."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

import pytest

from raman_pipeline.definitions import build_definitions, defs
from raman_pipeline.profiles import load_settings
from raman_pipeline.runs.execution import run_stale
from raman_pipeline.runs.instance import open_instance

pytestmark = pytest.mark.integration

QUERY = """{ assetNodes { assetKey { path } }
  runsOrError { ... on Runs { results { status jobName } } }
  schedulesOrError(repositorySelector: {
    repositoryLocationName: "raman_pipeline", repositoryName: "__repository__"}) {
    ... on Schedules { results { name scheduleState { status } } } }
  page: assetNodeOrError(assetKey: {path: ["report_index"]}) { ... on AssetNode {
    metadataEntries { label ... on UrlMetadataEntry { url } } } }
  spectra: assetNodeOrError(assetKey: {path: ["parsed_spectra"]}) { ... on AssetNode {
    assetMaterializations(limit: 1) { metadataEntries { label
      ... on TableSchemaMetadataEntry { schema { columns { name } } } } } } } }"""


def ask(port):
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/graphql",
        data=json.dumps({"query": QUERY}).encode(),
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=10) as response:
        return json.load(response)["data"]


def test_ui_shows_assets_and_runs(tmp_path):
    settings = load_settings("sample", store=tmp_path)
    with open_instance(settings) as instance:
        outcome = run_stale(
            settings, build_definitions(settings), instance, "ingest", "fair_oriented"
        )
    assert outcome.succeeded
    settings.index_page.parent.mkdir()
    settings.index_page.write_text("all results")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-m", "raman_pipeline.cli.main", "ui", "--port", str(port)],
        env=os.environ | {"RAMAN_PIPELINE_STORE": str(tmp_path)},
        start_new_session=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        deadline, data = time.monotonic() + 120, None
        while data is None or not data["assetNodes"]:
            assert time.monotonic() < deadline, "the UI did not come up"
            assert process.poll() is None
            time.sleep(1)
            try:
                data = ask(port)
            except OSError:
                continue
        opens = next(e for e in data["page"]["metadataEntries"] if e["label"] == "open")
        assert urllib.request.urlopen(opens["url"], timeout=10).read() == b"all results"
        record = opens["url"].replace("reports/index.html", "dagster/dagster.yaml")
        with pytest.raises(urllib.error.HTTPError, match="404"):
            urllib.request.urlopen(record, timeout=10)
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    assert len(data["assetNodes"]) == len(defs.resolve_all_asset_keys())
    states = data["schedulesOrError"]["results"]
    assert [(s["name"], s["scheduleState"]["status"]) for s in states] == [
        ("weekly_refresh", "RUNNING")
    ]
    entries = data["spectra"]["assetMaterializations"][0]["metadataEntries"]
    schema = next(e for e in entries if e["label"] == "dagster/column_schema")
    assert "archive_sha256" in {c["name"] for c in schema["schema"]["columns"]}
    assert data["runsOrError"]["results"] == [{"status": "SUCCESS", "jobName": "ingest"}]
