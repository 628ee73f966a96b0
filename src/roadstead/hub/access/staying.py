"""Whether who reads a stream may still read it: grants and tokens are taken away while it goes on.

Looked at once a second where the --access file or Git say something else than before, and every quarter of a minute
anyway, for what was shown may have ended by itself.
"""

import asyncio

from starlette.requests import Request

from roadstead.engine.revision_loop import Desired
from roadstead.hub.access.identity import Identity
from roadstead.hub.access.rules import Rules
from roadstead.hub.access.scopes import Scopes
from roadstead.model.errors import RoadsteadError

_LOOKED = 1.0  # seconds
_ASKED = 15.0


class Staying:
    """Of one request, from now on."""

    def __init__(self, request: Request) -> None:
        self._request = request
        self._identity: Identity = request.app.state.identity
        self._scopes: Scopes = request.app.state.scopes
        self._scope = self._scopes.of(request.state.person)
        self._seen = self._now()
        self._looked = self._asked = self._clock()

    async def may(self) -> bool:
        """Whether it is the same that who asks may read; else they come again, and are told what that is."""
        clock = self._clock()
        if clock - self._looked < _LOOKED:
            return True
        self._looked, seen = clock, self._now()
        if seen == self._seen and clock - self._asked < _ASKED:
            return True
        self._seen, self._asked = seen, clock
        try:
            found = await self._identity.of(self._request)
        except RoadsteadError:
            return False
        return bool(found.person.grants) and self._scopes.of(found.person) == self._scope

    def _now(self) -> tuple[Rules, Desired | None]:
        return self._identity.rules, self._scopes.desired

    @staticmethod
    def _clock() -> float:
        return asyncio.get_running_loop().time()
