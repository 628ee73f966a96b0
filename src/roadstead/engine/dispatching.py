"""One message to one receiver, once: its secrets read, its form made, sent within a deadline.

Raises RoadsteadError, TransientError where another attempt may help. Nothing of a secret is in what is raised.
"""

from datetime import datetime, timedelta

import aiohttp
from msgspec import Struct

from roadstead.model.alert import Receiver, ReceiverKind
from roadstead.stages.notify import wording
from roadstead.stages.notify.message import Message
from roadstead.stages.notify.progress import Progress
from roadstead.world.notify import alertmanager, apprise, forges, webhook
from roadstead.world.notify.secrets import Secrets

_DEADLINE = 15.0  # seconds for a request
_APPRISE = 45.0  # a process is started, and some services take several requests
LASTING = timedelta(minutes=4)  # after which an alert of Alertmanager ends unless it is sent again


class Post(Struct, frozen=True):
    """What sending needs. `fleet` is the fleet's name."""

    session: aiohttp.ClientSession
    secrets: Secrets
    fleet: str

    async def send(self, receiver: Receiver, message: Message, *, now: datetime) -> None:
        url = self._address(receiver)
        if receiver.kind is ReceiverKind.WEBHOOK:
            event, key = wording.cloud_event(message, self.fleet, now), self._secret(receiver)
            await webhook.send(self.session, url, event, key=key, now=now, deadline=_DEADLINE)
        elif receiver.kind is ReceiverKind.ALERTMANAGER:
            found = wording.alerts(message, self.fleet, now, LASTING)
            token = self._secret(receiver)
            await alertmanager.send(self.session, url, found, token=token, deadline=_DEADLINE)
        else:
            await apprise.send(
                url,
                title=wording.title(message, self.fleet),
                body=wording.text(message),
                level=message.level,
                over=message.is_over,
                deadline=_APPRISE,
            )

    async def show(self, receiver: Receiver, alert: str, progress: Progress) -> bool:
        """How a commit stands, at the commit or at its pull request; False where there is no such place."""
        assert receiver.forge is not None
        where = forges.Repository(
            self.session,
            receiver.forge,
            self._address(receiver),
            receiver.repository,
            self._secret(receiver),
            _DEADLINE,
        )
        name = f"{self.fleet}/{alert}"
        if receiver.kind is ReceiverKind.PULL_REQUEST:
            return await where.comment(progress.commit, mark=name, said=progress.markdown(alert, self.fleet))
        context = f"roadstead/{name}"
        await where.status(progress.commit, context=context, state=str(progress.state), said=progress.said)
        return True

    def secrets_of(self, receiver: Receiver) -> tuple[str, ...]:
        """What is read for it, to notice that it was changed. Raises StalledError where something is missing."""
        return self._address(receiver), self._secret(receiver)

    def _address(self, receiver: Receiver) -> str:
        address = receiver.address
        return self.secrets.read(address.secret) if address.secret else address.text

    def _secret(self, receiver: Receiver) -> str:
        return self.secrets.read(receiver.secret) if receiver.secret else ""
