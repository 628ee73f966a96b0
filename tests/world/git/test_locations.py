"""Addresses: the forms people write, what is shown of them, and where a submodule may lead."""

import pytest

from roadstead.model.errors import RoadsteadError
from roadstead.world.git import locations


@pytest.mark.parametrize(
    ("text", "protocol", "url", "folder"),
    [
        pytest.param("https://git.example/shop/fleet.git", "https", "https://git.example/shop/fleet.git", "", id="https"),
        pytest.param("https://git.example/shop/fleet.git/", "https", "https://git.example/shop/fleet.git", "", id="a slash at the end"),
        pytest.param("https://git.example/shop/fleet.git//clusters/eu", "https", "https://git.example/shop/fleet.git", "clusters/eu", id="a folder"),
        pytest.param("ssh://git@git.example:2222/fleet.git", "ssh", "ssh://git@git.example:2222/fleet.git", "", id="ssh"),
        pytest.param("git@git.example:shop/fleet.git", "ssh", "git@git.example:shop/fleet.git", "", id="scp-like"),
        pytest.param("git.example:/srv/fleet.git//eu", "ssh", "git.example:/srv/fleet.git", "eu", id="scp-like with a folder"),
        pytest.param("file:///srv/fleet.git", "file", "file:///srv/fleet.git", "", id="file"),
        pytest.param("/srv/./fleet", "file", "/srv/fleet", "", id="a path"),
        pytest.param("/srv/a:b", "file", "/srv/a:b", "", id="a path with a colon"),
    ],
)  # fmt: skip
def test_forms(text, protocol, url, folder):
    found = locations.parse(text)
    assert (found.protocol, found.url, found.folder) == (protocol, url, folder)


def test_a_relative_path_becomes_absolute(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert locations.parse("fleet").url == str(tmp_path / "fleet")
    assert locations.parse(".").is_path


@pytest.mark.parametrize(
    "text",
    [
        "",
        "--upload-pack=touch /tmp/x",
        "ext::sh -c touch% /tmp/x",
        "git://git.example/x",
        "ftp://git.example/x",
        "https://-oProxyCommand=x/y",
        "ssh://-oProxyCommand=x/y",
        "https:///etc/passwd",
        "https://git.example/x\nhttps://other",
    ],
)
def test_what_is_no_address_is_refused(text):
    with pytest.raises(RoadsteadError):
        locations.parse(text)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("https://user:secret@git.example/x", "https://git.example/x"),
        ("https://token@git.example:8443/x", "https://git.example:8443/x"),
        ("ssh://git@git.example/x", "ssh://git@git.example/x"),
        ("ssh://git:secret@git.example/x", "ssh://git.example/x"),
        ("git@git.example:x", "git@git.example:x"),
        ("file:///srv/a@b/x", "file:///srv/a@b/x"),
        ("https://git.example/a@b", "https://git.example/a@b"),
    ],
)
def test_credentials_are_not_shown(text, shown):
    assert str(locations.parse(text)) == shown


@pytest.mark.parametrize(
    ("text", "parent", "url"),
    [
        pytest.param("../base", "https://git.example/shop/fleet.git", "https://git.example/shop/base", id="a neighbour"),
        pytest.param("../../other/base.git", "https://git.example/shop/fleet", "https://git.example/other/base.git", id="another group"),
        pytest.param("../base", "git@git.example:shop/fleet", "git@git.example:shop/base", id="scp-like"),
        pytest.param("../base", "git@git.example:fleet", "git@git.example:base", id="scp-like at the top"),
        pytest.param("../base", "https://user:secret@git.example/shop/fleet", "https://user:secret@git.example/shop/base", id="relative keeps the credentials"),
        pytest.param("https://git.example/base", "https://user:secret@git.example/shop/fleet", "https://user:secret@git.example/base", id="the same host gets the credentials"),
        pytest.param("https://elsewhere.example/base", "https://user:secret@git.example/fleet", "https://elsewhere.example/base", id="another host gets none"),
        pytest.param("https://git.example:8443/base", "https://user:secret@git.example/fleet", "https://git.example:8443/base", id="another port gets none"),
        pytest.param("http://git.example/base", "http://user:secret@git.example/fleet", "http://user:secret@git.example/base", id="http below http"),
        pytest.param("ssh://git@git.example/base", "https://user:secret@git.example/fleet", "ssh://git@git.example/base", id="another protocol gets none"),
        pytest.param("../base", "file:///srv/git/fleet.git", "file:///srv/git/base", id="a local neighbour"),
        pytest.param("../base", "/srv/git/fleet", "/srv/git/base", id="a neighbour of a path"),
    ],
)  # fmt: skip
def test_where_a_submodule_is_fetched_from(text, parent, url):
    assert locations.submodule(text, locations.parse(parent)).url == url


@pytest.mark.parametrize(
    ("text", "parent"),
    [
        pytest.param("/etc/secrets", "https://git.example/fleet", id="a path of this machine"),
        pytest.param("file:///etc/secrets", "https://git.example/fleet", id="a file of this machine"),
        pytest.param("file:///home/me/private", "file:///srv/git/fleet", id="another folder of this machine"),
        pytest.param("../../../home/me/private", "/srv/git/fleet", id="another folder by steps"),
        pytest.param("../git/../../x", "/srv/git/fleet", id="there and back"),
        pytest.param("/srv/git/%2e%2e/secret", "file:///srv/git/fleet", id="steps that are escaped"),
        pytest.param("http://git.example/base", "https://git.example/fleet", id="less safe than the parent"),
        pytest.param("../../../x", "https://git.example/fleet", id="above the host"),
        pytest.param("ext::sh -c x", "https://git.example/fleet", id="a command"),
        pytest.param("-x", "https://git.example/fleet", id="an option"),
        pytest.param("", "https://git.example/fleet", id="nothing"),
        pytest.param("https://git.example/a//b", "https://git.example/fleet", id="with a folder"),
    ],
)
def test_where_a_submodule_must_not_lead(text, parent):
    with pytest.raises(RoadsteadError):
        locations.submodule(text, locations.parse(parent))
