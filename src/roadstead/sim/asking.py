"""Ask the webhooks that a request waits for, one after the other, and let it begin anew with each answer."""

import ssl
from collections.abc import Callable, Iterable
from typing import TypeVar

import aiohttp

from roadstead.sim.dialogue import Dialogue, Question, UnansweredError

Answer = TypeVar("Answer")
HEADERS = {"Content-Type": "application/json", "Accept": "application/json"}


class _FailedError(Exception):
    """Nothing came back that could be read; the text is the server's."""


async def answered(dialogue: Dialogue, work: Callable[[], Answer]) -> Answer:
    """`work` raises UnansweredError only before it has changed anything."""
    while True:
        dialogue.begin()
        try:
            with dialogue.current():
                return work()
        except UnansweredError as waiting:
            await _ask(dialogue, waiting.questions)


async def _ask(dialogue: Dialogue, questions: Iterable[Question]) -> None:
    """A webhook that cannot be asked has failed: what that means, who asks says."""
    async with aiohttp.ClientSession(headers=HEADERS) as http:
        for question in questions:
            try:
                data = await _posted(http, question)
            except _FailedError as error:
                dialogue.keep(question, question.failed(str(error)))
            else:
                dialogue.keep(question, question.read(data))


async def _posted(http: aiohttp.ClientSession, question: Question) -> bytes:
    """Raises _FailedError."""
    url = f"{question.url}?timeout={question.seconds}s"
    try:
        tls = ssl.create_default_context(cadata=question.authority or None)
        limit = aiohttp.ClientTimeout(total=question.seconds)
        async with http.post(
            url, data=question.review, ssl=tls, timeout=limit, allow_redirects=False
        ) as response:
            data = await response.read()
            if response.status >= 400:
                said = data.decode(errors="replace").replace('"', '\\"')
                why = f'an error on the server ("{said}") has prevented the request from succeeding'
                raise _FailedError(why)
            return data
    except TimeoutError as error:
        raise _FailedError(f'Post "{url}": context deadline exceeded') from error
    except (aiohttp.ClientError, OSError, ValueError) as error:
        raise _FailedError(f'Post "{url}": {error}') from error
