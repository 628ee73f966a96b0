"""How often somebody may show what is wrong: a few times from one address, then with pauses.

What is right passes also from an address that has shown much that is wrong, or a neighbour could lock others out;
guessing is hopeless anyway (tokens.py). The limit keeps wrong ones from costing us signatures and calls to the
provider.
"""

import ipaddress
from collections.abc import Callable

_AT_ONCE = 10
_PAUSE = 6.0  # seconds after which one more may be wrong
_KEPT = 10_000  # addresses


class Attempts:
    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._free_at: dict[str, float] = {}  # by address, when all of its tries are back

    def wait(self, address: str) -> float:
        """Seconds until another try from there is looked at; 0: now."""
        free_at = self._free_at.get(_network(address), 0.0)
        return max(0.0, free_at - self._clock() - (_AT_ONCE - 1) * _PAUSE)

    def failed(self, address: str) -> None:
        network, now = _network(address), self._clock()
        free_at = max(now, self._free_at.pop(network, now)) + _PAUSE
        while len(self._free_at) >= _KEPT:
            del self._free_at[next(iter(self._free_at))]
        self._free_at[network] = free_at


def _network(address: str) -> str:
    """Of IPv6 the /64, which one machine may have all of."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    return str(ipaddress.ip_network((found, 64), strict=False)) if found.version == 6 else address
