"""Whether a cluster under watch is seen, told when that changes.

Streams say of single kinds that nothing is heard of them. A server that hangs says nothing at all, as one
does where nothing happens: so it is asked for its version now and then or, where that will do, when no watch
brought as much as a bookmark for a while. Breaks that streams bridge by themselves are not told, and a cluster
that is gone is told once, not once for each kind.
"""

import asyncio
import contextlib
import math
from collections.abc import Callable
from typing import NoReturn

from roadstead.model import reasons
from roadstead.model.errors import Problem, RoadsteadError
from roadstead.model.reasons import Reason
from roadstead.stages.observe import stream
from roadstead.stages.observe.stream import Selection
from roadstead.world.kube import client as kube

ALL = ""  # in the place of a kind
_EVERY, _PATIENCE = 5.0, 10.0  # seconds from one question to the next, and for its answer
_LOST_EVERY = 10.0  # likewise, of a cluster that is not seen
_BRIDGED = stream.LONGEST_PAUSE + _PATIENCE  # seconds by which a stream that can be heard is heard

# What may befall whatever is asked of a cluster: whether it does, a question about its version tells.
OF_ALL = frozenset(
    {
        reasons.UNREACHABLE,
        reasons.SERVER_ERROR,
        reasons.THROTTLED,
        reasons.CERTIFICATE_INVALID,
        reasons.UNAUTHORIZED,
    }
)

Tell = Callable[[str, Problem | None], None]


class Sight:
    """`tell` hears of what is not seen and why (`ALL`, or a kind), and with None that it is seen again."""

    def __init__(
        self,
        client: kube.Client,
        tell: Tell,
        *,
        every: float = _EVERY,
        trust: float = 0.0,
        longest: float = math.inf,
        version: Callable[[str], None] = lambda version: None,
    ) -> None:
        """For `trust` seconds after something was heard of it a cluster counts as there; 0: it is asked, as it is all
        the same `longest` seconds after the last time. `version` hears each answer."""
        self._client = client
        self._tell = tell
        self._every = every
        self._trust = trust
        self._version = version
        self._longest = longest
        self._asked = self._now()
        self._doubted = asyncio.Event()
        self._silent: dict[Selection, tuple[Problem, float]] = {}  # and since when
        self._told: dict[str, Reason] = {}

    def blind(self, selection: Selection, problem: Problem | None) -> None:
        """What a drift watch says of its streams."""
        if problem is None:
            self._silent.pop(selection, None)
        else:
            _, since = self._silent.get(selection, (problem, self._now()))
            self._silent[selection] = problem, since

    def doubt(self) -> None:
        """Something that was asked of the cluster got no answer: look now."""
        self._doubted.set()

    async def look(self) -> NoReturn:
        while True:
            if self._is_heard():
                self._judge()
            elif problem := await self._ask():
                self._silent = {one: (told, self._now()) for one, (told, _) in self._silent.items()}
                self._say(ALL, problem)
            else:
                self._judge()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(
                    min(self._every, _LOST_EVERY) if ALL in self._told else self._every
                ):
                    await self._doubted.wait()

    def _is_heard(self) -> bool:
        doubted = self._doubted.is_set() or ALL in self._told
        self._doubted.clear()
        now = self._now()
        return not doubted and now - self._client.heard < self._trust and now - self._asked < self._longest

    async def _ask(self) -> Problem | None:
        self._asked = self._now()
        try:
            self._version(await self._client.version(deadline=_PATIENCE))
        except RoadsteadError as error:
            if error.problem.reason is not reasons.FORBIDDEN:  # for then it answers
                return error.problem
        return None

    def _judge(self) -> None:
        """The server answers. It is seen once its streams are, or had the time to be."""
        lasting = {
            str(one): problem
            for one, (problem, since) in self._silent.items()
            if self._now() - since >= _BRIDGED or problem.reason is reasons.FORBIDDEN
        }
        if ALL in self._told and len(lasting) < len(self._silent):
            return
        for what in self._told.keys() - lasting.keys():
            del self._told[what]
            self._tell(what, None)
        for what, problem in lasting.items():
            self._say(what, problem)

    def _say(self, what: str, problem: Problem) -> None:
        """Once; of the whole cluster again when another reason came, for it may ask for something else."""
        if what not in self._told or (what == ALL and self._told[what] is not problem.reason):
            self._told[what] = problem.reason
            self._tell(what, problem)

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()
