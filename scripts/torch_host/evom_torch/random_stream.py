"""The random streams of src/lib/random.ts, many at once: a sample draws the same numbers in every engine."""

from __future__ import annotations

import hashlib

import numpy as np


class RandomStreams:
    """One sfc32 generator a key; its state is SHA-256 of the key."""

    def __init__(self, keys: list[str]) -> None:
        digests = [hashlib.sha256(key.encode()).digest() for key in keys]
        words = np.array([np.frombuffer(d[:16], dtype="<u4") for d in digests], dtype=np.uint32).reshape(-1, 4)
        self._a, self._b, self._c = words[:, 0].copy(), words[:, 1].copy(), words[:, 2].copy()
        self._counter = words[:, 3] | np.uint32(1)

    def next(self) -> np.ndarray:
        """[keys] the next number of each, in [0, 1), float64."""
        total = self._a + self._b + self._counter  # uint32 arithmetic wraps, as sfc32 wants
        self._counter = self._counter + np.uint32(1)
        self._a = self._b ^ (self._b >> np.uint32(9))
        self._b = self._c + (self._c << np.uint32(3))
        self._c = ((self._c << np.uint32(21)) | (self._c >> np.uint32(11))) + total
        return total.astype(np.float64) / 4294967296.0

    def select(self, rows: list[int]) -> None:
        """Keeps these generators, in this order."""
        self._a, self._b, self._c, self._counter = (state[rows] for state in (self._a, self._b, self._c, self._counter))
