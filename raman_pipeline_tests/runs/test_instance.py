from raman_pipeline.runs.instance import open_instance
from raman_pipeline.settings import load_settings


def test_the_log_of_a_database_is_copied_into_it_once_and_not_after_every_statement(tmp_path):
    settings = load_settings("sample", store=tmp_path)
    with open_instance(settings) as instance:
        instance.get_runs()
        (log,) = (settings.dagster_home / "history").glob("runs.db-wal")
        before = log.stat()
        instance.run_storage.set_cursor_values({"a": "b"})
        assert log.stat().st_ino == before.st_ino
        assert log.stat().st_size > before.st_size
    assert not log.exists()
    with open_instance(settings) as instance:
        assert instance.run_storage.get_cursor_values({"a"}) == {"a": "b"}
