import pytest

from roadstead.language import durations


@pytest.mark.parametrize(
    ("text", "seconds", "written"),
    [("90s", 90, "1m30s"), ("10m", 600, "10m"), ("1h30m", 5400, "1h30m"), ("2d", 172800, "2d"), ("1.5h", 5400, "1h30m"),
     ("500ms", 0.5, "0s"), ("0s", 0, "0s")],
)  # fmt: skip
def test_durations(text, seconds, written):
    assert durations.parse(text) == seconds
    assert durations.text(seconds) == written


@pytest.mark.parametrize("text", ["", "10", "m", "10 m", "-1s", "10min", "1h 30m", "1y"])
def test_what_is_no_duration_is_refused(text):
    with pytest.raises(ValueError, match="not a duration like 90s, 10m or 1h30m"):
        durations.parse(text)
