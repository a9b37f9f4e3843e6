import multiprocessing
import time
from pathlib import Path

import pytest

from raman_pipeline.common.atomic import WriteError
from raman_pipeline.common.rate_policy import MAX_WAIT_S, RatePolicy


def take_turns(policy, count, turns):
    for _ in range(count):
        policy.wait_for_turn()
        turns.append(time.time())


def test_two_processes_share_the_rate(tmp_path):
    policy = RatePolicy(0.02, clock=tmp_path / "folder" / "clock")
    context = multiprocessing.get_context("spawn")
    with context.Manager() as manager:
        turns = manager.list()
        takers = [context.Process(target=take_turns, args=(policy, 25, turns)) for _ in range(2)]
        for taker in takers:
            taker.start()
        for taker in takers:
            taker.join(60)
        assert [taker.exitcode for taker in takers] == [0, 0]
        times = sorted(turns)
    # 50 turns of 0.02 s that nobody shares take 0.98 s from the first to the last.
    assert times[-1] - times[0] >= 0.9


def test_a_clock_that_was_set_back_stops_no_one_and_one_that_cannot_be_written_is_named(
    tmp_path, read_only
):
    clock = tmp_path / "clock"
    clock.write_text(f"{time.time() + 3600:.3f}")
    start = time.monotonic()
    RatePolicy(0.05, clock=clock).wait_for_turn()
    assert time.monotonic() - start < 1
    with read_only(tmp_path / "disk") as folder, pytest.raises(WriteError, match="clock"):
        RatePolicy(1.0, clock=folder / "clock").wait_for_turn()


def waits_of(policy, retry_after_s=None, is_transient=lambda error: True):
    """The waits between the attempts of a function that always fails."""
    waits = []
    retrying = policy.retrying(is_transient, lambda error: retry_after_s)
    retrying.sleep = waits.append
    with pytest.raises(FileNotFoundError):
        retrying(Path("gone").stat)
    return waits


def test_the_back_off_doubles_up_to_a_minute_and_retry_after_replaces_it():
    waits = waits_of(RatePolicy(attempts=9, backoff_s=2.0))
    assert len(waits) == 8
    assert all(2.0 * 2**n <= wait <= 2.0 * 2**n + 2 for n, wait in enumerate(waits[:4]))
    assert waits[-1] == 60
    assert waits_of(RatePolicy(attempts=3), 7.0) == [7.0, 7.0]
    assert waits_of(RatePolicy(attempts=2), 86_400.0) == [MAX_WAIT_S]
    # A lasting failure is not retried.
    assert waits_of(RatePolicy(), is_transient=lambda error: False) == []
