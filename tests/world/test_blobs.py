import errno
import os
import subprocess
import sys
import time

import pytest

from roadstead.model.errors import RoadsteadError
from roadstead.model.reasons import BAD_ARGUMENT, DISK_FULL
from roadstead.world.blobs import Blobs, unwritten


@pytest.fixture
def blobs(tmp_path):
    return Blobs(tmp_path / "cache")


def files(blobs):
    return [path for path in blobs.root.rglob("*") if path.is_file()]


def test_content_comes_back_by_its_digest(blobs):
    digest = blobs.put(b"hello")
    assert blobs.get(digest) == b"hello"
    assert blobs.has(digest)
    assert blobs.get("0" * 64) is None
    assert not blobs.has("0" * 64)


def test_equal_content_is_kept_once(blobs):
    assert blobs.put(b"hello") == blobs.put(b"hello")
    assert len(files(blobs)) == 1


def test_a_result_comes_back_by_its_key_and_the_last_one_wins(blobs):
    assert blobs.kept("build a") is None
    blobs.keep("build a", b"one")
    blobs.keep("build a", b"")
    assert blobs.kept("build a") == b""
    assert blobs.kept("build b") is None


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda data: data[:-1], id="cut"),
        pytest.param(lambda data: data + b"x", id="longer"),
        pytest.param(lambda data: b"", id="empty"),
        pytest.param(lambda data: data[:-1] + b"X", id="changed"),
    ],
)
def test_damaged_content_counts_as_missing_and_can_be_made_again(blobs, damage):
    digest = blobs.put(b"hello")
    blobs.keep("key", b"result")
    for path in files(blobs):
        path.write_bytes(damage(path.read_bytes()))
    assert blobs.get(digest) is None
    assert blobs.kept("key") is None
    blobs.keep("key", b"result")
    assert blobs.kept("key") == b"result"


def test_damaged_content_is_replaced_when_it_is_put_again(blobs):
    digest = blobs.put(b"hello")
    files(blobs)[0].write_bytes(b"")
    blobs.put(b"hello")
    assert blobs.get(digest) == b"hello"


def test_sweeping_removes_what_was_not_used_for_long(blobs):
    old, used = blobs.put(b"old"), blobs.put(b"used")
    for path in files(blobs):
        os.utime(path, (0, time.time() - 1000))
    blobs.get(used)
    assert blobs.sweep(unused_for=500) == 1
    assert blobs.get(old) is None
    assert blobs.get(used) == b"used"


DAY = 24 * 3600.0


def aged(blobs, days, *texts):
    """The digests of content that was last used so many days ago."""
    digests = [blobs.put(text) for text in texts]
    for path in files(blobs):
        if path.name in digests:
            os.utime(path, (0, time.time() - days * DAY))
    return digests


def test_sweeping_removes_what_was_used_longest_ago_until_little_enough_is_left(blobs):
    old, older = aged(blobs, 2, bytes(100)), aged(blobs, 3, bytes(200))
    today = aged(blobs, 0.5, bytes(300))
    assert blobs.sweep(most=400) == 1
    assert [blobs.get(*one) is not None for one in (old, older, today)] == [True, False, True]


def test_nothing_that_was_used_today_is_swept_however_much_it_is(blobs):
    aged(blobs, 0.5, bytes(100), bytes(200))
    assert blobs.sweep(most=0) == 0


def test_sweeping_removes_what_a_killed_process_left(blobs):
    blobs.put(b"a")
    half = files(blobs)[0].with_name(".half")
    half.write_bytes(b"")
    os.utime(half, (0, time.time() - 40 * DAY))
    assert blobs.sweep() == 1
    assert not half.exists()


def test_it_is_tidied_once_a_day(blobs):
    (old,) = aged(blobs, 40, b"old")
    blobs.tidy()
    assert blobs.get(old) is None
    (old,) = aged(blobs, 40, b"old")
    blobs.tidy()
    assert blobs.get(old) == b"old"
    os.utime(blobs.root / "swept", (0, time.time() - 2 * DAY))
    (old,) = aged(blobs, 40, b"old")
    blobs.tidy()
    assert blobs.get(old) is None


def test_a_cache_that_is_not_there_need_not_be_tidied(tmp_path):
    Blobs(tmp_path / "none").tidy()
    assert not (tmp_path / "none").exists()


FULL = """
import resource, signal, sys
from pathlib import Path
from roadstead.model.errors import RoadsteadError
from roadstead.world.blobs import Blobs, unwritten
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
try:
    Blobs(Path(sys.argv[1])).put(bytes(2000))
except RoadsteadError as error:
    print(error.problem.reason, error.problem.cause)
"""


def test_a_full_disk_is_said_and_leaves_nothing_half_written(blobs):
    said = subprocess.run(
        [sys.executable, "-c", FULL, str(blobs.root)], capture_output=True, text=True, check=True
    )
    assert said.stdout.startswith(f"{DISK_FULL} no space left")
    assert not files(blobs)


def test_a_folder_that_cannot_be_written_is_not_called_a_full_disk(tmp_path):
    (tmp_path / "cache").write_text("in the way")
    with pytest.raises(OSError) as caught:
        Blobs(tmp_path / "cache").put(b"x")
    assert not isinstance(caught.value, RoadsteadError)


@pytest.mark.parametrize(
    ("number", "reason"),
    [(errno.ENOSPC, DISK_FULL), (errno.EDQUOT, DISK_FULL), (errno.EACCES, BAD_ARGUMENT)],
    ids=["a full disk", "a quota", "no right to"],
)
def test_why_what_a_person_named_was_not_written_is_told_apart(tmp_path, number, reason):
    told = unwritten(tmp_path / "a.plan", OSError(number, os.strerror(number)))
    assert told.problem.reason is reason
    assert str(tmp_path) in str(told)
