"""Ask the webhooks that a write waits for, one after the other, and let the write begin anew with each answer."""

import ssl
from collections.abc import Callable
from typing import TypeVar

import aiohttp

from roadstead.sim.admission import reviews
from roadstead.sim.admission.reviews import Question, Reply
from roadstead.sim.dialogue import Dialogue, UnansweredError

Answer = TypeVar("Answer")


async def answered(dialogue: Dialogue, work: Callable[[], Answer]) -> Answer:
    """`work` raises UnansweredError only before it has changed anything."""
    while True:
        dialogue.begin()
        try:
            return work()
        except UnansweredError as waiting:
            dialogue.keep(waiting.question, await _ask(waiting.question))


async def _ask(question: Question) -> Reply:
    """A webhook that cannot be asked has failed: what that means, its policy says."""
    url = f"{question.url}?timeout={question.seconds}s"
    try:
        tls = ssl.create_default_context(cadata=question.authority or None)
        limit = aiohttp.ClientTimeout(total=question.seconds)
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        async with (
            aiohttp.ClientSession(timeout=limit, headers=headers) as http,
            http.post(url, data=question.review, ssl=tls, allow_redirects=False) as response,
        ):
            data = await response.read()
            if response.status >= 400:
                why = f"an error on the server ({data.decode(errors='replace')!r}) has prevented the request from succeeding"
                return Reply(failure=f"failed to call webhook: {why}")
    except TimeoutError:
        return Reply(failure=f'failed to call webhook: Post "{url}": context deadline exceeded')
    except (aiohttp.ClientError, OSError, ValueError) as error:
        return Reply(failure=f'failed to call webhook: Post "{url}": {error}')
    return reviews.read(question, data)
