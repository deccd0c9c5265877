"""A scheduler that lets writers take steps in any order."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable


class Killed(BaseException):
    """kill -9."""


class Scheduler:
    """Lets threads take one step after the other, in an order that chance decides."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self._turn = threading.Condition()
        self._current: int | None = None
        self._waiting: set[int] = set()
        self._alive: set[int] = set()

    def add(self, number: int, act: Callable[[], None]) -> threading.Thread:
        """Start a thread; it waits for its first step."""

        def body() -> None:
            try:
                self.step(number)
                act()
            except Killed:
                pass
            finally:
                with self._turn:
                    self._alive.discard(number)
                    self._current = None
                    self._turn.notify_all()

        with self._turn:
            self._alive.add(number)
        thread = threading.Thread(target=body, daemon=True)
        thread.start()
        return thread

    def step(self, number: int) -> None:
        """Wait for this thread's next step."""
        with self._turn:
            self._waiting.add(number)
            if self._current == number:
                self._current = None
            self._turn.notify_all()
            if not self._turn.wait_for(lambda: self._current == number, timeout=30):
                raise Killed
            self._waiting.discard(number)

    def run(self, pick: Callable[[list[int]], int]) -> None:
        """Give one thread one step; returns when it waits for the next."""
        with self._turn:
            self._turn.wait_for(lambda: self._current is None and self._alive <= self._waiting, timeout=30)
            if not self._alive:
                return
            self._current = pick(sorted(self._alive))
            self._turn.notify_all()
            self._turn.wait_for(lambda: self._current is None, timeout=30)

    @property
    def alive(self) -> set[int]:
        """Threads that have not ended."""
        return set(self._alive)
