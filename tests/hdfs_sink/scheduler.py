"""A scheduler that lets writers take steps in any order."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from queue import Empty, SimpleQueue

# Longer than any step takes: who waits longer has been left behind by the end of the test.
SECONDS = 30


class Killed(BaseException):
    """kill -9."""


class Scheduler:
    """Lets threads take one step after the other, in an order that chance decides."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        # Each thread waits at a queue of its own, and the scheduler at one: a step wakes nobody else.
        self._turns: dict[int, SimpleQueue[None]] = {}
        self._taken: SimpleQueue[None] = SimpleQueue()

    def add(self, number: int, act: Callable[[], None]) -> threading.Thread:
        """Start a thread; it waits for its first step."""
        self._turns[number] = SimpleQueue()

        def body() -> None:
            try:
                self._wait(number)
                act()
            except Killed:
                pass
            finally:
                del self._turns[number]
                self._taken.put(None)

        thread = threading.Thread(target=body, daemon=True)
        thread.start()
        return thread

    def step(self, number: int) -> None:
        """Wait for this thread's next step."""
        self._taken.put(None)
        self._wait(number)

    def _wait(self, number: int) -> None:
        try:
            self._turns[number].get(timeout=SECONDS)
        except Empty:
            raise Killed from None

    def run(self, pick: Callable[[list[int]], int]) -> None:
        """Give one thread one step; returns when it waits for the next, or has ended."""
        if self._turns:
            self._turns[pick(sorted(self._turns))].put(None)
            self._taken.get(timeout=SECONDS)

    @property
    def alive(self) -> set[int]:
        """Threads that have not ended."""
        return set(self._turns)
