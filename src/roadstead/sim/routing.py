"""From an HTTP request to what serves it: who asks, for what, and whether he may."""

from aiohttp import web

from roadstead.sim import (
    answers,
    asking,
    authenticating,
    authorising,
    bodies,
    documents,
    protobuf,
    requests,
    resources,
    reviewing,
    status,
    streaming,
    subresources,
)
from roadstead.sim.answers import Answer, Form
from roadstead.sim.authorising import Wish
from roadstead.sim.calls import Call
from roadstead.sim.cluster import Cluster, Received
from roadstead.sim.dialogue import Dialogue
from roadstead.sim.faults import Asked
from roadstead.sim.requests import Options, Target

CHANGES = ("PATCH", "PUT")  # which the real server begins with what it has in its cache
VERBS = {"POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete", "GET": "get"}


async def answer(cluster: Cluster, request: web.BaseRequest, path: str, base: str) -> web.StreamResponse:
    if path in ("/healthz", "/readyz", "/livez"):
        return response(Answer(b"ok", content_type="text/plain"))
    user = authenticating.user(cluster, request, base.partition("~")[2])
    asked = path + (f"?{request.query_string}" if request.query_string else "")
    cluster.note(Received(user, request.method, asked, request.headers.get("User-Agent", "")))
    accept = request.headers.get("Accept", "")
    if path == "/openapi/v2":
        return response(documents.swagger(cluster, accept))
    form = answers.form(accept)
    target = requests.target(path)
    if target is None:
        return response(documents.document(cluster, path, form, base))
    call = await _call(cluster, request, target, form, user)
    return await _answered(call, request, path)


async def _call(cluster: Cluster, request: web.BaseRequest, target: Target, form: Form, user: str) -> Call:
    """Raises ApiError for what is not there, and where he may not."""
    options = Options(request.query)
    wish = _wish(request, target, options)
    who = authenticating.acting(cluster, request, user, wish)
    kind = cluster.kind(target.group, target.version, target.plural)
    if kind is None:
        if any(each.group == target.group for each in cluster.kinds() if not each.custom):
            raise status.no_such_path()
        raise status.no_page()
    if not kind.simulated:
        raise status.not_simulated(f"{kind.plural} in version {kind.api_version}")
    authorising.demand(cluster, who, wish)
    data = await _body(request) if request.method != "GET" else b""
    content_type = request.headers.get("Content-Type", "")
    if bodies.media(content_type) == protobuf.MEDIA and not kind.custom and data:
        data, content_type = protobuf.as_json(cluster.minor, data), answers.JSON
    agent = request.headers.get("User-Agent", "")
    dialogue = Dialogue(waits=True, recalls=request.method in CHANGES)
    return Call(cluster, kind, target, options, form, data, content_type, agent, who, dialogue)


async def _answered(call: Call, request: web.BaseRequest, path: str) -> web.StreamResponse:
    kind, who = call.kind, call.who
    if kind.group in reviewing.GROUPS and request.method == "POST" and who is not None:
        body = bodies.object(kind, call.data, call.content_type, "Ignore")
        review = reviewing.reviewed(call.cluster, who, kind, body.value, call.target.namespace)
        return response(answers.value(review, 201))
    if "list" not in kind.verbs and "get" not in kind.verbs:
        raise status.not_simulated(f"{kind.plural} in {kind.api_version}")
    if request.method == "GET" and call.options.flag("watch") and not call.target.subresource:
        return await streaming.watch(request, call, Asked("watch", path))
    answer = await asking.answered(call.dialogue, lambda: _served(call, request.method))
    return response(answers.formed(answer, call.form))


def _served(call: Call, method: str) -> Answer:
    below = subresources.served(call, method) if call.target.subresource else None
    return below or resources.serve(call, method)


async def _body(request: web.BaseRequest) -> bytes:
    read = bytearray()
    async for part in request.content.iter_any():
        read += part
        if len(read) > bodies.LIMIT:
            raise bodies.too_large()
    return bytes(read)


def _wish(request: web.BaseRequest, target: Target, options: Options) -> Wish:
    verb = VERBS.get(request.method, request.method.lower())
    if not target.name:
        verb = {"get": "list", "delete": "deletecollection"}.get(verb, verb)
    if options.flag("watch"):
        verb = "watch"
    resource = target.plural + (f"/{target.subresource}" if target.subresource else "")
    own = not target.group and target.plural == "namespaces"
    return Wish(verb, target.group, resource, target.name if own else target.namespace, target.name)


def response(answer: Answer) -> web.Response:
    headers = {"Content-Type": answer.content_type, **answer.headers}
    return web.Response(body=answer.body, status=answer.code, headers=headers)
