"""Leaving a provider alone that does not answer: no thread waits for what has just been silent."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

SILENT_MAX = 2  # calls without an answer, one after the other: at five seconds each, ten seconds
REST_SECONDS = 20


class Circuit:
    """Counts silence, per process. After the rest one call is let through; its answer closes the circuit again."""

    def __init__(self, ticks: Callable[[], float] = time.monotonic) -> None:
        """Begin closed; ``ticks`` counts seconds."""
        self._ticks, self._lock = ticks, threading.Lock()
        self._silent, self._open_until = 0, 0.0

    def lets(self) -> bool:
        """Say whether a call may be made now; of many that ask after a rest, one may."""
        with self._lock:
            if self._silent < SILENT_MAX:
                return True
            now = self._ticks()
            if now < self._open_until:
                return False
            self._open_until = now + REST_SECONDS
            return True

    def note(self, *, is_answered: bool) -> None:
        """Note whether a call was answered."""
        with self._lock:
            self._silent = 0 if is_answered else self._silent + 1
            if self._silent >= SILENT_MAX:
                self._open_until = self._ticks() + REST_SECONDS
