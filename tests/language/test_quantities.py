from decimal import Decimal

import pytest

from roadstead.language import quantities


@pytest.mark.parametrize(
    ("left", "right"),
    [("1000m", "1"), ("1", 1), ("0.5", "500m"), ("1Gi", "1024Mi"), ("1e3", "1k"), ("1E", "1000P"), ("1E3", "1k"),
     ("100n", "0.1u"), (".5", "500m"), ("1.", 1), ("-1", "-1000m"), ("+1", "1"), (0.1, "100m"), ("abc", "abc"),
     (None, None), ("12345678901234567890Ki", "12641975194864197519360")],
)  # fmt: skip
def test_spellings_of_one_amount_are_equal(left, right):
    assert quantities.equal(left, right)


@pytest.mark.parametrize(
    ("left", "right"), [("1", "1m"), ("1Ki", "1k"), ("a", "b"), (True, 1), ("1 Gi", "1Gi"), (None, "0")]
)
def test_other_amounts_and_other_things_differ(left, right):
    assert not quantities.equal(left, right)


def test_amounts_are_exact():
    assert quantities.parse("0.1") + quantities.parse("200m") == Decimal("0.3")
    assert quantities.parse("1.5Gi") == 1610612736


@pytest.mark.parametrize("text", ["", "x", "1KI", "1ki", "1mm", "1e", "--1", "1e99999", "0x10", "٣", True])
def test_what_is_no_quantity_is_refused(text):
    with pytest.raises(ValueError, match="not a quantity"):
        quantities.parse(text)
