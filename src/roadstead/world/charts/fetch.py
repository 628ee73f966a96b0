"""Bring a chart into the cache, once for each exact version.

A version stands for one chart for ever: what was fetched first stays, so that a plan tomorrow is the plan of
today also where somebody replaced a chart under its version. Ranges of versions are refused for the same
reason. Credentials are the user's own for Helm, Docker and netrc; none is ever written anywhere.
"""

import re

from roadstead.model import errors
from roadstead.model.assignment import Chart
from roadstead.model.errors import Problem
from roadstead.model.reasons import SOURCE_UNREADABLE
from roadstead.world.blobs import Blobs
from roadstead.world.charts import http, registry, repository
from roadstead.world.charts.http import Workers

_EXACT = re.compile(r"v?\d+\.\d+\.\d+([-+][0-9A-Za-z.+-]+)?|sha256:[0-9a-f]{64}")


async def chart(wanted: Chart, *, blobs: Blobs, pool: Workers, deadline: float) -> str:
    """The digest of the packed chart in `blobs`. `deadline` is in seconds, for everything together."""
    key = f"chart {wanted.repository} {wanted.name} {wanted.version}"
    known = (blobs.kept(key) or b"").decode()
    if known and blobs.get(known) is not None:
        return known
    if not _EXACT.fullmatch(wanted.version):
        cause = f"an exact version of chart {wanted.name} is needed, found {wanted.version!r}"
        hint = "write one version, such as 1.2.3: a range would change what is deployed without a commit"
        raise errors.error(Problem(SOURCE_UNREADABLE, cause, hint))
    scheme = wanted.repository.partition("://")[0]
    async with http.session(deadline=deadline, where=wanted.repository) as session:
        if scheme == "oci":
            data = await registry.pull(session, wanted)
        else:
            data = await repository.pull(session, wanted, pool=pool, deadline=deadline)
    digest = blobs.put(data)
    blobs.keep(key, digest.encode())
    return digest
