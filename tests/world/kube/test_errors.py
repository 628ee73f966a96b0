"""What refusals mean. The bodies are those of kube-apiserver 1.37.2, shortened."""

import json

import pytest

from roadstead.model import reasons
from roadstead.model.errors import error
from roadstead.model.facts import ApiResource
from roadstead.model.ids import ObjectId
from roadstead.world.kube import errors, requests, write_requests

CONFIG_MAP = ApiResource("", "v1", "ConfigMap", "configmaps", True)
SECRET = ApiResource("", "v1", "Secret", "secrets", True)
NAMESPACE = ApiResource("", "v1", "Namespace", "namespaces", False)
APPLY = write_requests.apply(CONFIG_MAP, "shop", "a", b"{}", force=True)
APPLY_SECRET = write_requests.apply(SECRET, "shop", "s", b"{}", force=True)
PATCH = write_requests.json_patch(CONFIG_MAP, "shop", "a", b"[]")
LIST = requests.list_page(CONFIG_MAP)


def status(code: int, message: str, *, reason: str = "", causes: tuple = (), **details) -> bytes:
    causes = [dict(zip(("reason", "message", "field"), cause, strict=True)) for cause in causes]
    body = {"kind": "Status", "code": code, "message": message, "reason": reason}
    return json.dumps(body | {"details": details | {"causes": causes}}).encode()


def read(code: int, body: bytes, request: requests.Request = APPLY, **headers: str):
    return errors.from_status(code, body, headers, request)


@pytest.mark.parametrize(
    ("code", "body", "request_sent", "reason", "hint"),
    [
        pytest.param(
            401, status(401, "Unauthorized"), APPLY, reasons.UNAUTHORIZED, "renew the token", id="no login"
        ),
        pytest.param(
            403,
            status(
                403,
                'configmaps "a" is forbidden: User "viewer" cannot patch resource "configmaps" in API group ""'
                ' in the namespace "shop"',
            ),
            APPLY,
            reasons.FORBIDDEN,
            "grant patch on configmaps to viewer",
            id="a right is missing",
        ),
        pytest.param(
            403,
            status(403, 'configmaps is forbidden: User "system:anonymous" cannot list resource "configmaps"'),
            LIST,
            reasons.FORBIDDEN,
            "the server saw no credentials",
            id="nobody is logged in",
        ),
        pytest.param(
            403,
            status(403, 'forbidden: User "viewer" cannot get path "/metrics"'),
            LIST,
            reasons.FORBIDDEN,
            "grant get on the path to viewer",
            id="a path is forbidden",
        ),
        pytest.param(
            403,
            status(
                403,
                'clusterroles.rbac.authorization.k8s.io "x" is forbidden: user "limited" (groups=["g"]) is'
                " attempting to grant RBAC permissions not currently held: …",
            ),
            APPLY,
            reasons.FORBIDDEN,
            "escalate",
            id="rights that we do not have ourselves",
        ),
        pytest.param(
            403,
            status(
                403,
                'configmaps "a" is forbidden: unable to create new content in namespace shop because it is'
                " being terminated",
                causes=(
                    ("NamespaceTerminating", "namespace shop is being terminated", "metadata.namespace"),
                ),
            ),
            APPLY,
            reasons.TERMINATING,
            "",
            id="the namespace goes away, which is no matter of rights",
        ),
        pytest.param(
            403,
            status(
                403,
                'pods "a" is forbidden: exceeded quota: q, requested: pods=1, used: pods=1, limited: pods=1',
            ),
            APPLY,
            reasons.REJECTED,
            "satisfy the rule",
            id="a quota is used up",
        ),
        pytest.param(
            403,
            status(403, 'pods "a" is forbidden: violates PodSecurity "restricted:latest": privileged'),
            APPLY,
            reasons.REJECTED,
            "satisfy the rule",
            id="pod security",
        ),
        pytest.param(
            403,
            status(403, 'admission webhook "policy.example.com" denied the request: no latest tag'),
            APPLY,
            reasons.REJECTED,
            "satisfy policy.example.com",
            id="a webhook rejects",
        ),
        pytest.param(
            400,
            status(400, 'admission webhook "policy.example.com" denied the request: no latest tag'),
            APPLY,
            reasons.REJECTED,
            "satisfy policy.example.com",
            id="a webhook rejects with a code of its own",
        ),
        pytest.param(
            422,
            status(
                422,
                "configmaps \"a\" is forbidden: ValidatingAdmissionPolicy 'names' with binding 'all' denied"
                " request: not that name",
                reason="Invalid",
                name="a",
            ),
            APPLY,
            reasons.REJECTED,
            "satisfy names",
            id="an admission policy rejects",
        ),
        pytest.param(
            404,
            status(404, 'configmaps "a" not found', name="a", kind="configmaps"),
            APPLY,
            reasons.NOT_FOUND,
            "plan again",
            id="no such object",
        ),
        pytest.param(
            404,
            status(404, 'namespaces "shop" not found', name="shop", kind="namespaces"),
            APPLY,
            reasons.NOT_FOUND,
            "create the namespace first",
            id="no such namespace",
        ),
        pytest.param(
            404, b"404 page not found\n", APPLY, reasons.NO_SUCH_KIND, "install", id="no such group"
        ),
        pytest.param(
            404,
            status(404, "the server could not find the requested resource", reason="NotFound"),
            APPLY,
            reasons.NO_SUCH_KIND,
            "install",
            id="no such version",
        ),
        pytest.param(
            409,
            status(409, 'configmaps "a" already exists', reason="AlreadyExists", name="a"),
            APPLY,
            reasons.CONFLICT,
            "",
            id="it exists already",
        ),
        pytest.param(
            409,
            status(409, 'object is being deleted: configmaps "a" already exists', reason="AlreadyExists"),
            APPLY,
            reasons.TERMINATING,
            "",
            id="the old one is still going",
        ),
        pytest.param(
            409,
            status(409, 'Operation cannot be fulfilled on configmaps "a": the object has been modified'),
            APPLY,
            reasons.CONFLICT,
            "plan again",
            id="somebody was faster",
        ),
        pytest.param(
            410,
            status(410, "The provided continue parameter is too old"),
            LIST,
            reasons.EXPIRED,
            "",
            id="expired",
        ),
        pytest.param(
            413,
            status(413, "Request entity too large: limit is 3145728"),
            APPLY,
            reasons.TOO_LARGE,
            "",
            id="3 MB",
        ),
        pytest.param(
            422,
            status(
                422,
                'ConfigMap "a" is invalid: []: Too long: may not be more than 1048576 bytes',
                causes=(("FieldValueTooLong", "Too long: may not be more than 1048576 bytes", "[]"),),
            ),
            APPLY,
            reasons.TOO_LARGE,
            "split it",
            id="1 MB",
        ),
        pytest.param(
            422,
            status(
                422,
                'ConfigMap "a" is invalid: metadata.uid: Invalid value: "1": field is immutable',
                causes=(("FieldValueInvalid", 'Invalid value: "1": field is immutable', "metadata.uid"),),
            ),
            APPLY,
            reasons.CONFLICT,
            "created anew",
            id="another object of the same name, which is no immutable field",
        ),
        pytest.param(
            422,
            status(
                422,
                'Secret "s" is invalid: type: Invalid value: "x/y": field is immutable',
                causes=(("FieldValueInvalid", 'Invalid value: "x/y": field is immutable', "type"),),
            ),
            APPLY_SECRET,
            reasons.IMMUTABLE,
            "",
            id="an immutable field",
        ),
        pytest.param(
            422,
            status(
                422,
                'StatefulSet.apps "a" is invalid: spec: Forbidden: updates to statefulset spec for fields'
                " other than 'replicas' are forbidden",
                causes=(
                    (
                        "FieldValueForbidden",
                        "Forbidden: updates to statefulset spec for fields other than 'replicas' are forbidden",
                        "spec",
                    ),
                ),
            ),
            APPLY,
            reasons.IMMUTABLE,
            "",
            id="immutable without the word",
        ),
        pytest.param(
            422,
            status(
                422,
                'Service "a" is invalid: spec.ports[0].port: Invalid value: 0: must be between 1 and 65535',
                causes=(
                    (
                        "FieldValueInvalid",
                        "Invalid value: 0: must be between 1 and 65535",
                        "spec.ports[0].port",
                    ),
                ),
            ),
            APPLY,
            reasons.INVALID,
            "correct the field named",
            id="a value out of range",
        ),
        pytest.param(
            422,
            status(422, "the server rejected our request due to an error in our request", reason="Invalid"),
            PATCH,
            reasons.CONFLICT,
            "not as the patch expects",
            id="a JSON patch whose guard failed",
        ),
        pytest.param(
            422,
            status(422, "the server rejected our request due to an error in our request", reason="Invalid"),
            APPLY,
            reasons.INVALID,
            "",
            id="the same text for no JSON patch",
        ),
        pytest.param(
            429,
            status(429, "storage is (re)initializing", reason="TooManyRequests", retryAfterSeconds=1),
            APPLY,
            reasons.THROTTLED,
            "",
            id="a definition changed just now",
        ),
        pytest.param(
            500,
            status(
                500,
                "failed to create typed patch object (/a; /v1, Kind=ConfigMap): .dota: field not declared in schema",
            ),
            APPLY,
            reasons.INVALID,
            "",
            id="an unknown field, dressed as the server's failure",
        ),
        pytest.param(
            500,
            status(
                500,
                "failed to convert new object (/s2; /v1, Kind=Secret) to proper version: illegal base64 data",
            ),
            APPLY_SECRET,
            reasons.INVALID,
            "",
            id="base64 that is none, dressed as the server's failure",
        ),
        pytest.param(
            500,
            status(500, "etcdserver: request is too large"),
            APPLY,
            reasons.TOO_LARGE,
            "",
            id="too large for etcd",
        ),
        pytest.param(
            500,
            status(500, "rpc error: code = ResourceExhausted desc = trying to send message larger than max"),
            APPLY,
            reasons.TOO_LARGE,
            "",
            id="too large for the way to etcd",
        ),
        pytest.param(
            500,
            status(
                500,
                "failed to convert old object: request to convert CR to an invalid group/version: x.io/v1",
            ),
            APPLY,
            reasons.UNSERVED_ENTRY,
            "managedFields",
            id="an entry at a version that is gone",
        ),
        pytest.param(
            500,
            status(
                500,
                'Internal error occurred: failed calling webhook "x.example.com": failed to call webhook: Post'
                ' "https://x.shop.svc/x": dial tcp 127.0.0.1:1: connect: connection refused',
                reason="InternalError",
            ),
            APPLY,
            reasons.WEBHOOK_UNAVAILABLE,
            "the service of x.example.com",
            id="a webhook that does not answer",
        ),
        pytest.param(
            500,
            status(500, "etcdserver: leader changed"),
            APPLY,
            reasons.SERVER_ERROR,
            "",
            id="a real failure",
        ),
        pytest.param(503, b"upstream connect error", APPLY, reasons.SERVER_ERROR, "", id="a load balancer"),
        pytest.param(
            504,
            status(
                504,
                "Timeout: Too large resource version: 9, current: 4",
                causes=(("ResourceVersionTooLarge", "Too large resource version", ""),),
                retryAfterSeconds=1,
            ),
            LIST,
            reasons.EXPIRED,
            "list again",
            id="a version from the future",
        ),
        pytest.param(
            504,
            status(504, "Timeout: request did not complete"),
            LIST,
            reasons.SERVER_ERROR,
            "",
            id="a timeout",
        ),
        pytest.param(
            418, status(418, "teapot"), LIST, reasons.INVALID, "", id="a code that nobody thought of"
        ),
        pytest.param(
            507, status(507, "full"), LIST, reasons.SERVER_ERROR, "", id="a failure code nobody thought of"
        ),
    ],
)
def test_what_a_refusal_means(code, body, request_sent, reason, hint):
    problem = read(code, body, request_sent)
    assert problem.reason is reason
    assert hint in problem.hint


def test_a_problem_names_object_action_and_all_fields():
    body = status(
        422,
        'Deployment.apps "web" is invalid: [spec.replicas: Invalid value: -1: must be greater than or equal to 0,'
        " spec.selector: Required value, spec.selector: Required value]",
        causes=(
            ("FieldValueInvalid", "Invalid value: -1: must be greater than or equal to 0", "spec.replicas"),
            ("FieldValueRequired", "Required value", "spec.selector"),
            ("FieldValueRequired", "Required value", "spec.selector"),
        ),
    )
    deployment = ApiResource("apps", "v1", "Deployment", "deployments", True)
    problem = read(
        422, body, write_requests.apply(deployment, "shop", "web", b"{}", force=True, dry_run=True)
    )
    assert problem.object == ObjectId("apps", "Deployment", "shop", "web")
    assert problem.fields == ("spec.replicas", "spec.selector")
    assert str(problem) == (
        "Deployment/shop/web: dry run of apply failed (Invalid): spec.replicas: Invalid value: -1: must be"
        " greater than or equal to 0; spec.selector: Required value"
    )


def test_fields_of_typed_errors_are_named():
    text = (
        "failed to create typed patch object (/a; apps/v1, Kind=Deployment): errors:\n"
        '  .spec.template.spec.containers[name="c"].ports: element 1: missing key\n'
        "  .spec.replicas: expected numeric (int or float), got string"
    )
    problem = read(500, status(500, text))
    assert problem.fields == ('spec.template.spec.containers[name="c"].ports', "spec.replicas")
    assert "\n" not in problem.cause


def test_a_conflict_names_each_manager_with_its_fields():
    body = status(
        409,
        'Apply failed with 3 conflicts: conflicts with "kubectl" using v1:\n- .data.a\n- .data.b\n…',
        causes=(
            ("FieldManagerConflict", 'conflict with "kubectl" using v1', ".data.a"),
            ("FieldManagerConflict", 'conflict with "kubectl" using v1', ".data.b"),
            (
                "FieldManagerConflict",
                'conflict with "hpa" with subresource "scale" using v1',
                ".spec.replicas",
            ),
        ),
    )
    problem = read(409, body)
    assert problem.cause == (
        'conflict with "kubectl" using v1: data.a, data.b; '
        'conflict with "hpa" with subresource "scale" using v1: spec.replicas'
    )
    assert problem.fields == ("data.a", "data.b", "spec.replicas")


@pytest.mark.parametrize(
    ("code", "message", "causes"),
    [
        pytest.param(
            500,
            "failed to create typed patch object (/s; /v1, Kind=Secret): .data.a: expected string,"
            " got &value.valueUnstructured{Value:12345678}",
            (),
            id="a value of the wrong type",
        ),
        pytest.param(
            422,
            'Secret "s" is invalid: data[a b]: Invalid value: "12345678": no',
            (("FieldValueInvalid", 'Invalid value: "1234 \\" 12345678": no', "data[a b]"),),
            id="a value that is invalid",
        ),
        pytest.param(
            422,
            'Secret "s" is invalid: data: Invalid value: {"a":"12345678"}: no',
            (("FieldValueInvalid", 'Invalid value: {"a":"12345678","b":"x: 12345678"}: no', "data"),),
            id="all values",
        ),
        pytest.param(400, 'Duplicate value: "12345678"', (), id="in a text without causes"),
    ],
)
def test_no_value_of_a_secret_is_told(code, message, causes):
    problem = read(code, status(code, message, causes=causes), APPLY_SECRET)
    assert "12345678" not in str(problem)
    assert "(redacted)" in problem.cause


def test_whole_objects_are_left_out_of_messages():
    printed = json.dumps({"Spec": {"Containers": [{"Name": "c", "Image": "y" * 400}]}})
    cause = ("FieldValueInvalid", f"Invalid value: {printed}: field is immutable", "spec.template")
    problem = read(422, status(422, "Job.batch is invalid: …", causes=(cause,)))
    assert problem.cause == "spec.template: Invalid value: (left out): field is immutable"


@pytest.mark.parametrize(
    ("headers", "details", "seconds"),
    [
        pytest.param({"Retry-After": "5"}, {}, 5.0, id="from the header"),
        pytest.param({}, {"retryAfterSeconds": 2}, 2.0, id="from the details"),
        pytest.param(
            {"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"}, {"retryAfterSeconds": 2}, 2.0, id="a date"
        ),
        pytest.param({}, {}, None, id="not said"),
    ],
)
def test_when_to_try_again(headers, details, seconds):
    assert read(429, status(429, "wait", **details), **headers).retry_after == seconds


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff\xfe",
        b"{",
        b"null",
        b'{"kind":"Status"}',
        b'{"kind":"Status","details":null,"message":null}',
    ],
    ids=repr,
)
def test_a_broken_body_is_no_exception(body):
    assert read(500, body).cause


def test_the_status_of_a_watch_is_read_alike():
    event = {"kind": "Status", "code": 410, "reason": "Expired", "message": "too old resource version: 1 (5)"}
    problem = errors.from_event(event, requests.watch(CONFIG_MAP, resource_version="1"))
    assert problem.reason is reasons.EXPIRED
    assert str(problem) == "watch ConfigMap failed (Expired): too old resource version: 1 (5)"


def test_already_exists_is_told_from_other_conflicts():
    exists = read(409, status(409, 'configmaps "a" already exists', reason="AlreadyExists"))
    assert errors.already_exists(error(exists))
    assert not errors.already_exists(error(read(409, status(409, "the object has been modified"))))
