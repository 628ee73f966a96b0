"""Signatures by real gpg and ssh keys: only the keys given count, and only for what they signed."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from roadstead.model.errors import RoadsteadError
from roadstead.model.snapshot import Origin
from roadstead.stages.sources import resolve
from tests.world.git.repositories import GIT, Repository


@dataclass
class Key:
    """`config` makes git sign with it."""

    public: str
    config: list[str]
    environment: dict[str, str]


def ssh_key(folder: Path) -> Key:
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder], check=True)
    config = ["-c", "gpg.format=ssh", "-c", f"user.signingKey={folder}"]
    return Key(folder.with_suffix(".pub").read_text(), config, {})


def gpg_key(home: Path, *, expires: str = "never", now: str = "") -> Key:
    """`now` is the time at which the key is made and signs."""
    home.mkdir(mode=0o700)
    environment = os.environ | {"GNUPGHOME": str(home)}
    program = home / "gpg"
    program.write_text(f'#!/bin/sh\nexec gpg {f"--faked-system-time {now}" if now else ""} "$@"\n')
    program.chmod(0o755)

    def gpg(*arguments: str) -> str:
        line = [program, "--batch", "--quiet", "--passphrase", "", *arguments]
        return subprocess.run(line, env=environment, check=True, capture_output=True, text=True).stdout

    gpg("--quick-generate-key", "Ann Author <ann@shop.example>", "ed25519", "sign", expires)
    signing = [
        "-c",
        "gpg.format=openpgp",
        "-c",
        "user.signingKey=ann@shop.example",
        "-c",
        f"gpg.program={program}",
    ]
    return Key(gpg("--armor", "--export"), signing, {"GNUPGHOME": str(home)})


@pytest.fixture
def keys(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[tuple[Key, Key]]:
    """A key to sign with, and another."""
    if request.param == "ssh":
        if shutil.which("ssh-keygen") is None or GIT < (2, 34):
            pytest.skip("SSH signatures need ssh-keygen and git 2.34")
        yield ssh_key(tmp_path / "one"), ssh_key(tmp_path / "other")
        return
    if shutil.which("gpg") is None:
        pytest.skip("there is no gpg on this machine")
    short = Path(tempfile.mkdtemp(prefix="gpg", dir="/tmp"))  # its socket's path must be short
    yield gpg_key(short / "one"), gpg_key(short / "other")
    for home in ("one", "other"):
        subprocess.run(["gpgconf", "--homedir", short / home, "--kill", "all"], check=True)
    shutil.rmtree(short)


both = pytest.mark.parametrize("keys", ["ssh", "openpgp"], indirect=True)


@pytest.fixture
def signed(tmp_path: Path) -> Repository:
    repository = Repository(tmp_path / "signed")
    repository.commit("unsigned", {"roadstead.yaml": "kind: Fleet\n"})
    return repository


def sign(repository: Repository, key: Key) -> None:
    arguments = ["commit", "--quiet", "--allow-empty", "-S", "-m", "signed"]
    repository.git(*key.config, *arguments, **key.environment)


async def refused(repository: Repository, keys: tuple[str, ...], cache: Path, ref: str = "main") -> str:
    try:
        await read(repository, keys, cache, ref)
    except RoadsteadError as error:
        return str(error)
    return ""


async def read(repository: Repository, keys: tuple[str, ...], cache: Path, ref: str = "main") -> None:
    fleet = await resolve.fleet(str(repository.folder), revision="HEAD", cache=cache, deadline=60)
    for url in (str(repository.folder), f"file://{repository.folder}"):
        origin = Origin("s", url, ref, keys=keys)
        await resolve.source(origin, fleet=fleet, cache=cache, deadline=60)


@both
async def test_a_commit_signed_by_a_key_given_is_read(signed, keys, cache):
    one, other = keys
    sign(signed, one)
    await read(signed, (other.public, one.public), cache)


@both
async def test_a_commit_signed_by_another_key_is_not(signed, keys, cache):
    one, other = keys
    sign(signed, other)
    said = await refused(signed, (one.public,), cache)
    assert said.startswith(f"SignatureInvalid: {signed.head[:12]} is not signed by a trusted key, found ")


@both
async def test_what_the_user_himself_trusts_does_not_count(signed, keys, cache, home, monkeypatch):
    one, other = keys
    sign(signed, other)
    (home / "signers").write_text(f"* {other.public}")
    (home / ".gitconfig").write_text(f'[gpg "ssh"]\n\tallowedSignersFile = {home}/signers\n')
    for name, value in other.environment.items():
        monkeypatch.setenv(name, value)
    assert (await refused(signed, (one.public,), cache)).startswith("SignatureInvalid: ")


@both
async def test_a_commit_changed_after_it_was_signed_is_not(signed, keys, cache):
    one, _ = keys
    sign(signed, one)
    raw = signed.git("cat-file", "commit", "HEAD").replace("\n\nsigned", "\n\nforged")
    forged = signed.git("hash-object", "-t", "commit", "-w", "--stdin", stdin=f"{raw}\n".encode())
    signed.git("update-ref", "refs/heads/main", forged)
    assert (await refused(signed, (one.public,), cache)).startswith("SignatureInvalid: ")


@both
async def test_no_signature_is_said(signed, keys, cache):
    said = await refused(signed, (keys[0].public,), cache)
    assert said.endswith("is not signed by a trusted key, found no signature")


@both
async def test_a_signed_tag_vouches_for_its_commit_under_its_own_name_only(signed, keys, cache):
    one, _ = keys
    signed.git(*one.config, "tag", "-s", "-m", "one", "v1", **one.environment)
    await read(signed, (one.public,), cache, "v1")
    assert "found no signature" in await refused(signed, (one.public,), cache, "main")
    signed.git("update-ref", "refs/tags/v2", signed.git("rev-parse", "v1"))
    said = await refused(signed, (one.public,), cache, "v2")
    assert "the tag refs/tags/v2 is signed under another name, found v1" in said


async def test_an_expired_key_does_not_count(signed, cache):
    if shutil.which("gpg") is None:
        pytest.skip("there is no gpg on this machine")
    short = Path(tempfile.mkdtemp(prefix="gpg", dir="/tmp"))
    try:
        key = gpg_key(short / "one", expires="1d", now="20240101T000000")
        sign(signed, key)
        assert "found a key that has expired" in await refused(signed, (key.public,), cache)
    finally:
        subprocess.run(["gpgconf", "--homedir", short / "one", "--kill", "all"], check=True)
        shutil.rmtree(short)


@pytest.mark.parametrize(
    "key",
    [
        pytest.param("", id="empty"),
        pytest.param("# a comment", id="a comment"),
        pytest.param("not a key", id="no key"),
        pytest.param("-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nAAAA\n-----END PGP PUBLIC KEY BLOCK-----\n", id="a broken block"),
    ],
)  # fmt: skip
async def test_keys_that_are_none_let_nothing_through(signed, cache, key):
    assert (await refused(signed, (key,), cache)).startswith("SignatureInvalid: ")
