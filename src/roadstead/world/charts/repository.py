"""Charts from a chart repository: index.yaml over HTTP, and the packed chart that it names."""

import hashlib

import aiohttp
import msgspec
from msgspec import Struct
from yarl import URL

from roadstead.language import yaml
from roadstead.model.assignment import Chart
from roadstead.world.charts import credentials, http
from roadstead.world.charts.http import Workers

_NEWEST = 5  # versions shown in a message


class Entry(Struct, frozen=True):
    url: str
    digest: str


class Question(Struct, frozen=True, array_like=True):
    repository: str
    name: str
    version: str
    index: bytes


_questions = msgspec.msgpack.Decoder(Question)
_entries = msgspec.msgpack.Decoder(Entry)


async def pull(session: aiohttp.ClientSession, chart: Chart, *, pool: Workers, deadline: float) -> bytes:
    base = chart.repository.rstrip("/")
    login = credentials.of_repository(chart.repository)
    headers = login.header() if login else {}
    answer = await http.get(session, f"{base}/index.yaml", headers=headers)
    if answer.status != 200:
        raise http.refused(base, answer, "index.yaml")
    question = Question(base, chart.name, chart.version, answer.body)
    # An index of a big repository takes seconds to read: not in this process.
    found = _entries.decode(await pool.run(FIND, msgspec.msgpack.encode(question), deadline=deadline))
    url = str(URL(f"{base}/").join(URL(found.url)))
    own = URL(url).origin() == URL(base).origin()
    packed = await http.get(session, url, headers=headers if own else {})
    if packed.status != 200:
        raise http.refused(url, packed, "packed chart")
    if found.digest and hashlib.sha256(packed.body).hexdigest() != found.digest:
        cause = "the packed chart is not the one that the index names: its sha256 differs"
        raise http.unreadable(url, cause, "ask who keeps the repository: a chart was replaced")
    return packed.body


FIND = "roadstead.world.charts.repository:find"


def find(payload: bytes) -> bytes:
    """Runs in a worker process: the entry of the index for a chart and version."""
    question = _questions.decode(payload)
    documents = yaml.load_all(question.index, file=f"{question.repository}/index.yaml")
    entries = documents[0].get("entries") if documents and isinstance(documents[0], dict) else None
    if not isinstance(entries, dict):
        raise http.unreadable(question.repository, "index.yaml holds no entries")
    versions = [one for one in entries.get(question.name) or () if isinstance(one, dict)]
    if not versions:
        raise http.unreadable(question.repository, f"there is no chart {question.name}")
    wanted = question.version.removeprefix("v")
    for one in versions:
        if str(one.get("version")).removeprefix("v") == wanted and one.get("urls"):
            digest = str(one.get("digest") or "").removeprefix("sha256:")
            return msgspec.msgpack.encode(Entry(str(one["urls"][0]), digest))
    newest = ", ".join(str(one.get("version")) for one in versions[:_NEWEST])
    cause = f"there is no version {question.version} of chart {question.name}, found {newest}"
    raise http.unreadable(question.repository, cause, "write a version that the repository has")
