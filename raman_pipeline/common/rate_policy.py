"""How a server is queried: requests with a minimum distance, retried with back-off."""

from __future__ import annotations

import fcntl
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import tenacity

from raman_pipeline.common import atomic

MAX_WAIT_S = 300.0
"""The longest wait between two attempts, even if `Retry-After` is longer."""


@dataclass(frozen=True)
class RatePolicy:
    """Rate, timeout and retries of requests to one server.

    Attributes:
        seconds_between_requests: minimum time between two requests, over all processes
            that share `clock`.
        timeout_s: for connecting, and for each wait for data.
        attempts: maximum number of tries.
        backoff_s: first wait after a failure; doubles, with jitter, up to a minute.
        clock: file that holds the time of the last request; None: no minimum time.
    """

    seconds_between_requests: float = 2.0
    timeout_s: float = 60.0
    attempts: int = 5
    backoff_s: float = 2.0
    clock: Path | None = None

    def wait_for_turn(self) -> None:
        """Sleeps until the next request may be sent, and takes that turn.

        Raises:
            WriteError: the clock cannot be written.
        """
        if self.clock is None or self.seconds_between_requests <= 0:
            return
        with atomic.naming(self.clock):
            self.clock.parent.mkdir(parents=True, exist_ok=True)
            with self.clock.open("a+") as file:
                fcntl.flock(file, fcntl.LOCK_EX)
                file.seek(0)
                last = float(file.read() or 0)
                wait = last + self.seconds_between_requests - time.time()
                # A clock that was set back must not make anyone wait for hours.
                time.sleep(min(max(wait, 0), self.seconds_between_requests))
                file.truncate(0)
                file.write(f"{time.time():.3f}")

    def retrying(
        self,
        is_transient: Callable[[BaseException], bool],
        retry_after_s: Callable[[BaseException], float | None],
    ) -> tenacity.Retrying:
        """Returns a caller that repeats a function after transient failures.

        Args:
            is_transient: whether another attempt may help.
            retry_after_s: wait that the server asks for (`Retry-After`), None for back-off.
        """
        back_off = tenacity.wait_exponential_jitter(
            multiplier=self.backoff_s, max=60, jitter=self.backoff_s
        )

        def wait(state: tenacity.RetryCallState) -> float:
            error = state.outcome.exception() if state.outcome else None
            requested = None if error is None else retry_after_s(error)
            return back_off(state) if requested is None else min(requested, MAX_WAIT_S)

        return tenacity.Retrying(
            retry=tenacity.retry_if_exception(is_transient),
            stop=tenacity.stop_after_attempt(self.attempts),
            wait=wait,
            reraise=True,
        )
