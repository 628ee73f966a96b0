"""A watch over HTTP: its events, one a line, in the form that the client asks for. Which they are is `watching`."""

from aiohttp import web

from roadstead.sim import answers, hindering, listing, reading, status, tables, watching
from roadstead.sim.calls import Call
from roadstead.sim.faults import Asked


async def watch(request: web.BaseRequest, call: Call, wish: Asked) -> web.StreamResponse:
    kind = call.kind
    if "watch" not in kind.verbs:
        raise status.not_allowed()
    answers.demand(call.form)
    namespace = call.target.namespace if kind.namespaced else ""
    wanted = reading.choice(kind, namespace, call.target.name, call.options)
    listing.check(call.options, watch=True)
    written = call.options.text("resourceVersion")
    if written:
        listing.parse_version(written)
    rows = tables.Watched(call.cluster, kind, call.options) if call.form.sort == "Table" else None

    def render(data: bytes) -> bytes:
        if rows is not None:
            return rows.shown(data)
        if call.form.sort == "PartialObjectMetadata":
            return reading.metadata_only(kind, data)
        return reading.shown(kind, data)

    response = web.StreamResponse(headers={"Content-Type": "application/json"})
    response.enable_chunked_encoding()
    await response.prepare(request)
    if call.form.sort == "PartialObjectMetadataList":
        return response  # the real server answers 200 and sends nothing
    with hindering.streaming(call.cluster, request, wish):
        async for line in watching.events(
            call.cluster, kind, wanted, call.options, dialogue=call.dialogue, render=render
        ):
            if not await hindering.sent(call.cluster, request, wish, response, line):
                return response
    await response.write_eof()
    return response
