"""How many solver hosts the queue deserves. Machines for them are Ray's affair: an actor that waits for room is its autoscaler's demand."""

from __future__ import annotations

import math
from collections import deque

UP_S = 10.0
DOWN_S = 120.0


class Scaling:
    """Programs that run or wait at the hosts, remembered for two minutes.

    A host more where so many were there for ten seconds without a break, one less where as many were not needed at any moment of two
    minutes. A trainer hands each host twice what it runs at once, so a long queue doubles the hosts every ten seconds.
    """

    def __init__(self, least: int, most: int) -> None:
        self.least, self.most = least, most
        self._seen: deque[tuple[float, float]] = deque()

    def wanted(self, now: float, count: int, loads: list[dict]) -> int:
        """The number of hosts to have, of `count`; `loads` are those of the hosts that are ready."""
        slots = max((load["slots"] for load in loads), default=0)
        if slots > 0:
            self._seen.append((now, sum(load["asked"] for load in loads) / slots))
        while self._seen and self._seen[0][0] < now - DOWN_S:
            self._seen.popleft()
        if self.least == self.most or not self._seen:
            return min(max(count, self.least), self.most)
        hosts = count
        lately = [needed for at, needed in self._seen if at >= now - UP_S]
        covers_up = self._seen[0][0] <= now - UP_S + 1
        if covers_up and lately and len(loads) == count:
            hosts = max(hosts, math.ceil(min(lately)))
        covers_down = self._seen[0][0] <= now - DOWN_S + 2
        if covers_down and max(needed for _, needed in self._seen) <= count - 1:
            hosts = count - 1
            self._seen.clear()  # the next one goes after two more minutes
        return min(max(hosts, self.least), self.most)
