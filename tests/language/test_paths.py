import pytest

from roadstead.language import paths
from roadstead.model import errors


@pytest.mark.parametrize(
    ("path", "written"),
    [
        ((), ""),
        (("spec", "replicas"), "spec.replicas"),
        (("spec", "containers", (("name", "web"),), "image"), "spec.containers[name=web].image"),
        (("spec", "ports", (("port", 80), ("protocol", "TCP"))), "spec.ports[port=80,protocol=TCP]"),
        (("a", (("name", "80"),)), 'a[name="80"]'),
        (("a", (("mountPath", "/var/lib"),), "x"), "a[mountPath=/var/lib].x"),
        (("a", (("key", 'x"]y, z'),)), 'a[key="x\\"]y, z"]'),
        (("args", 0, 1), "args[0][1]"),
        (("metadata", "labels", "app.kubernetes.io/name"), 'metadata.labels["app.kubernetes.io/name"]'),
        (("data", "", 'a"b\\'), 'data[""]["a\\"b\\\\"]'),
        (("a b",), '["a b"]'),
    ],
)
def test_paths_are_written_and_read_back(path, written):
    assert paths.text(path) == written
    assert paths.parse(written) == path


@pytest.mark.parametrize("written", [".a", "a[", "a]", "a[x]", "a..b", "a[x=", 'a["b]', "a b"])
def test_what_is_no_path_is_refused(written):
    with pytest.raises(errors.UsageError, match="not a field path"):
        paths.parse(written)


def test_json_pointers_escape_slashes_and_tildes():
    assert paths.pointer(("metadata", "labels", "a/b~c", 0)) == "/metadata/labels/a~1b~0c/0"
    assert paths.parse_pointer("/metadata/labels/a~1b~0c/0") == ("metadata", "labels", "a/b~c", "0")
    assert (paths.pointer(()), paths.parse_pointer(""), paths.parse_pointer("/")) == ("", (), ("",))
    with pytest.raises(errors.UsageError, match="not a field path: a/b"):
        paths.parse_pointer("a/b")
