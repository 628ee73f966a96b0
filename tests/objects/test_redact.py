import json
import re

import pytest

from roadstead.objects import redact

HIDDEN = re.compile(r"<redacted [0-9a-f]{8}>")
COPY = {"kubectl.kubernetes.io/last-applied-configuration": '{"data":{"p":"s3cr3t"}}', "note": "plain"}


def secret(**more):
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, **more}


@pytest.mark.parametrize(
    "obj",
    [
        pytest.param(secret(data={"p": "s3cr3t", "q": None}), id="data"),
        pytest.param(secret(stringData={"p": "s3cr3t"}), id="stringData"),
        pytest.param(secret(data="s3cr3t"), id="data of the wrong type"),
        pytest.param(secret(data={"p": {"nested": "s3cr3t"}}), id="values of the wrong type"),
        pytest.param({"kind": "SecretList", "items": [secret(data={"p": "s3cr3t"})]}, id="items of a list"),
        pytest.param({"kind": "ConfigMap", "metadata": {"annotations": COPY}}, id="a copy in an annotation"),
    ],
)
def test_secret_values_are_hidden(obj):
    before = json.dumps(obj)
    shown = json.dumps(redact.secret(obj))
    assert "s3cr3t" not in shown
    assert HIDDEN.search(shown)
    assert json.dumps(obj) == before, "what is given stays as it is"


def test_everything_else_is_shown():
    obj = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}, "data": {"p": "plain"}}
    assert redact.secret(obj) == obj
    assert redact.secret({"metadata": {"annotations": COPY}})["metadata"]["annotations"]["note"] == "plain"
    assert redact.secret(secret(type="Opaque", data={"p": "x"}))["type"] == "Opaque"


def test_equal_values_look_equal_and_others_do_not():
    shown = redact.secret(secret(data={"a": "x", "b": "x", "c": "y"}))["data"]
    assert shown["a"] == shown["b"] != shown["c"]
