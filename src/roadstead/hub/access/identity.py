"""Who asks: what somebody shows, looked at in turn. A static token, a session, an ID token, or nobody.

The rules are those of the --access file at this moment, so a token or a grant that is taken out of it stops
working with the next request.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from msgspec import Struct
from starlette.requests import HTTPConnection

from roadstead.hub.access import oidc, sessions, tokens
from roadstead.hub.access.attempts import Attempts
from roadstead.hub.access.file import AccessFile, Tell
from roadstead.hub.access.oidc import Oidc
from roadstead.hub.access.rules import ANONYMOUS, Rules
from roadstead.hub.access.sessions import Holder, Session, Sessions
from roadstead.model import errors, reasons
from roadstead.model.errors import Problem, RoadsteadError
from roadstead.model.person import Grant, Person, Role

COOKIE, SECURE_COOKIE = "roadstead", "__Host-roadstead"


class Options(Struct, frozen=True):
    """`file` is the --access file. `anonymous` is the role of who shows nothing; `secure` tells that browsers
    reach us by https."""

    file: Path | None = None
    anonymous: Role | None = None
    secure: bool = False


class Asking(Struct, frozen=True):
    """`session` only where a browser's cookie brought it: its writes must show the CSRF token."""

    person: Person
    session: Session | None = None


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(slots=True)
class Identity:
    options: Options
    file: AccessFile | None
    sessions: Sessions
    attempts: Attempts
    tell: Tell
    now: Callable[[], datetime] = _now
    _provider: Oidc | None = field(default=None, repr=False)

    @property
    def rules(self) -> Rules:
        return self.file.current() if self.file else Rules()

    @property
    def cookie(self) -> str:
        return SECURE_COOKIE if self.options.secure else COOKIE

    def provider(self) -> Oidc | None:
        """As the file says it now; what was asked of it is kept while that does not change."""
        wanted = self.rules.provider
        if wanted is None:
            self._provider = None
        elif self._provider is None or self._provider.provider != wanted:
            self._provider = Oidc(wanted)
        return self._provider

    async def of(self, asking: HTTPConnection) -> Asking:
        """Raises LoginNeeded, or TooManyAttempts."""
        scheme, _, shown = asking.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer" and shown:
            return Asking(await self._shown(shown.strip(), address(asking)))
        if shown or scheme:
            raise oidc.refused("only Bearer is understood")
        if cookie := asking.cookies.get(self.cookie):
            session = self.sessions.read(cookie, holder=Holder.BROWSER)
            if session:
                return Asking(self.rules.of_person(session.name, session.groups), session)
        if self.options.anonymous:
            return Asking(Person(ANONYMOUS, (Grant(self.options.anonymous),)))
        cause = "nothing was shown that tells who asks"
        if self.file is None:
            cause, hint = "the hub was started without --access, so it knows nobody", "see docs/users.md"
            raise errors.error(Problem(reasons.LOGIN_NEEDED, cause, hint))
        raise errors.error(Problem(reasons.LOGIN_NEEDED, cause))

    async def _shown(self, shown: str, who: str) -> Person:
        rules = self.rules
        if token := tokens.find(shown, rules.tokens, now=self.now()):
            return rules.of_token(token)
        if sessions.is_session(shown):
            session = self.sessions.read(shown, holder=Holder.COMMAND)
            if session:
                return rules.of_person(session.name, session.groups)
        self.check(who)
        try:
            return await self._vouched(shown, rules)
        except RoadsteadError as error:
            if error.problem.reason is reasons.LOGIN_NEEDED:
                self.failed(who, error.problem)
            raise

    async def _vouched(self, shown: str, rules: Rules) -> Person:
        provider = self.provider()
        if provider is None or shown.startswith(tokens.PREFIX) or sessions.is_session(shown):
            raise oidc.refused("it is not known here, or has ended")
        claimed = await provider.verify(shown)
        return rules.of_person(claimed.name, claimed.groups)

    def failed(self, who: str, problem: Problem) -> None:
        """Somebody at this address showed what does not count; how often that is told is limited as they are."""
        self.attempts.failed(who)
        self.tell(f"a login from {who} failed", (problem,))

    def check(self, who: str) -> None:
        """Raises TransientError(TooManyAttempts)."""
        if wait := self.attempts.wait(who):
            cause = f"too many logins failed from {who}; it is looked at again in {wait:.0f} s"
            raise errors.error(Problem(reasons.TOO_MANY_ATTEMPTS, cause, retry_after=wait))


def address(asking: HTTPConnection) -> str:
    return asking.client.host if asking.client else ""


def opened(options: Options, *, state: Path, tell: Tell, clock: Callable[[], float]) -> Identity:
    """Raises UsageError where the --access file is wrong."""
    file = AccessFile(options.file, tell) if options.file else None
    return Identity(options, file, Sessions(sessions.key(state / "hub-sessions.key")), Attempts(clock), tell)
