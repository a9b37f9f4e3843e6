import json
from http.server import BaseHTTPRequestHandler

import dagster as dg
import pytest

from raman_pipeline.orchestration.assets.archives import rruff_archive
from raman_pipeline.orchestration.notices import WEBHOOK, notices
from raman_pipeline.orchestration.resources import Rruff
from raman_pipeline.profiles import load_settings
from raman_pipeline_tests.rruff.archive_server import serving


class Receiver:
    """A webhook that keeps what it is told; `status` is its answer."""

    status = 200

    def __init__(self):
        self.told = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                if outer.status == 200:
                    outer.told.append(body)
                self.send_response(outer.status)
                self.end_headers()

        self.handler = Handler

    def news(self):
        """Returns the texts since the last call."""
        told, self.told = self.told, []
        return [message["text"] for message in told]


@pytest.fixture
def receiver(monkeypatch):
    receiver = Receiver()
    with serving(receiver.handler) as address:
        monkeypatch.setenv(WEBHOOK, address)
        yield receiver


def tick(instance, store, cursor=None):
    """Returns the next cursor and what the tick says of itself."""
    settings = load_settings("sample", store=store)
    with dg.build_sensor_context(
        instance, cursor=cursor, resources={"settings": settings}
    ) as context:
        skipped = notices(context)
        return context.cursor, skipped.skip_message


@dg.asset(check_specs=[dg.AssetCheckSpec("even", asset="folds")])
def folds(config: dict) -> dg.MaterializeResult:
    if config["fails"]:
        raise ValueError("no archive")
    return dg.MaterializeResult(check_results=[dg.AssetCheckResult(passed=config["even"])])


def test_an_update_that_waits_is_told(receiver, sample_folder, tmp_path):
    archive = tmp_path / "site" / "LR-Raman.zip"
    archive.parent.mkdir()
    archive.write_bytes((sample_folder / archive.name).read_bytes())
    rruff = Rruff(load_settings("rruff", store=tmp_path / "store", location=str(archive.parent)))
    with dg.DagsterInstance.local_temp(str(tmp_path)) as instance:
        cursor, _ = tick(instance, tmp_path)
        for _ in ("published", "gone"):
            dg.materialize(
                [rruff_archive],
                instance=instance,
                partition_key=archive.stem,
                resources={"rruff": rruff},
                raise_on_error=False,
            )
            archive.unlink(missing_ok=True)
        tick(instance, tmp_path, cursor)
    (text,) = receiver.news()
    assert "an update waits" in text
    assert "LR-Raman" in text
    assert "raman-pipeline accept-update LR-Raman" in text


def test_each_failure_is_told_once(receiver, tmp_path, monkeypatch):
    with dg.DagsterInstance.local_temp(str(tmp_path)) as instance:

        def run(fails=False, even=True):
            config = {"ops": {"folds": {"config": {"fails": fails, "even": even}}}}
            return dg.materialize(
                [folds], instance=instance, run_config=config, raise_on_error=False
            ).run_id

        run(fails=True)
        cursor, _ = tick(instance, tmp_path)
        assert receiver.news() == []  # it was before the first tick
        run()
        failed, uneven = run(fails=True), run(even=False)
        receiver.status = 503
        cursor, said = tick(instance, tmp_path, cursor)
        assert "HTTPStatusError" in said
        receiver.status = 200
        cursor, _ = tick(instance, tmp_path, cursor)
        told = receiver.news()
        assert all(run_id in text for run_id, text in zip((failed, uneven), told, strict=True))
        assert "sample profile: a run failed" in told[0]
        assert "no archive" in told[0]
        assert "a check failed" in told[1]
        assert "check even of folds failed" in told[1]
        tick(instance, tmp_path, cursor)
        assert receiver.news() == []
        monkeypatch.delenv(WEBHOOK)
        assert tick(instance, tmp_path, cursor) == (cursor, f"{WEBHOOK} is not set")
