"""Commit statuses and comments at pull requests: GitHub, GitLab, Gitea and Forgejo.

A status has a context, a comment a mark that no reader sees: what is told again under the same one takes the place
of what was told before, so nothing piles up.
"""

from typing import Any
from urllib.parse import quote

import aiohttp
import orjson
from msgspec import Struct

from roadstead.model.alert import Forge
from roadstead.world.notify import http

_LONGEST = 140  # letters of a status's description at GitHub
_PAGES = 10
_PER_PAGE = 50  # Gitea's most
_STATES = {"failure": "failed"}  # GitLab's words


class Repository(Struct, frozen=True):
    """`api` is the address of the forge's API, `path` OWNER/NAME."""

    session: aiohttp.ClientSession
    forge: Forge
    api: str
    path: str
    token: str
    deadline: float

    async def status(self, commit: str, *, context: str, state: str, said: str) -> None:
        """`state` is pending, success or failure."""
        if self.forge is Forge.GITLAB:
            values = {"state": _STATES.get(state, state), "name": context, "description": said[:_LONGEST]}
            # GitLab answers 400 to a status that is what it was
            await self._ask("POST", f"{self._home}/statuses/{commit}", values, expected=(400,))
            return
        values = {"state": state, "context": context, "description": said[:_LONGEST]}
        await self._ask("POST", f"{self._home}/statuses/{commit}", values)

    async def comment(self, commit: str, *, mark: str, said: str) -> bool:
        """At every pull request that brought the commit; False where there is none."""
        hidden = f"<!-- roadstead:{mark} -->"
        found = await self._pulls(commit)
        for number in found:
            await self._write(number, hidden, f"{hidden}\n{said}")
        return bool(found)

    async def _write(self, number: int, hidden: str, text: str) -> None:
        comments = self._comments(number)
        own = await self._own(comments, hidden)
        if own is None:
            await self._ask("POST", comments, {"body": text})
        elif self.forge is Forge.GITLAB:
            await self._ask("PUT", f"{comments}/{own}", {"body": text})
        else:
            await self._ask("PATCH", f"{self._home}/issues/comments/{own}", {"body": text})

    async def _pulls(self, commit: str) -> list[int]:
        if self.forge is Forge.GITLAB:
            found = await self._ask("GET", f"{self._home}/repository/commits/{commit}/merge_requests")
            return [one["iid"] for one in found or ()]
        if self.forge is Forge.GITHUB:
            found = await self._ask("GET", f"{self._home}/commits/{commit}/pulls")
            return [one["number"] for one in found or ()]
        one = await self._ask("GET", f"{self._home}/commits/{commit}/pull", expected=(404,))
        return [one["number"]] if one else []

    async def _own(self, comments: str, hidden: str) -> int | None:
        """The id of the comment that was written before."""
        size = "limit" if self.forge in (Forge.GITEA, Forge.FORGEJO) else "per_page"
        for page in range(1, _PAGES + 1):
            found = await self._ask("GET", f"{comments}?{size}={_PER_PAGE}&page={page}") or []
            for one in found:
                if str(one.get("body", "")).startswith(hidden):
                    return int(one["id"])
            if len(found) < _PER_PAGE:
                break
        return None

    @property
    def _home(self) -> str:
        if self.forge is Forge.GITLAB:
            return f"projects/{quote(self.path, safe='')}"
        return f"repos/{quote(self.path)}"

    def _comments(self, number: int) -> str:
        kind = f"merge_requests/{number}/notes" if self.forge is Forge.GITLAB else f"issues/{number}/comments"
        return f"{self._home}/{kind}"

    async def _ask(
        self, method: str, path: str, values: dict[str, Any] | None = None, *, expected: tuple[int, ...] = ()
    ) -> Any:
        return await http.send(
            self.session,
            method,
            f"{self.api.rstrip('/')}/{path}",
            body=orjson.dumps(values) if values is not None else None,
            headers=self._headers(),
            deadline=self.deadline,
            expected=expected,
        )

    def _headers(self) -> dict[str, str]:
        headers = {"Content-Type": "application/json"}
        if self.forge is Forge.GITLAB:
            return headers | {"PRIVATE-TOKEN": self.token}
        if self.forge is Forge.GITHUB:
            accepted = {"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28"}
            return headers | accepted | {"Authorization": f"Bearer {self.token}"}
        return headers | {"Authorization": f"token {self.token}"}
