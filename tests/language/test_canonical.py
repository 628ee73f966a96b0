import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadstead.language import canonical, numbers
from roadstead.model import errors


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param({"b": [1, True, None], "a": "x"}, b'{"a":"x","b":[1,true,null]}', id="keys are sorted"),
        pytest.param(
            {"é": 1, "z": 2, "😀": 3, "\uffff": 4}, '{"z":2,"é":1,"\uffff":4,"😀":3}'.encode(), id="by bytes"
        ),
        pytest.param([1.0, -0.0, 0.5], b"[1,0,0.5]", id="a double without fraction is an integer"),
        pytest.param(
            [1e16, 1e-6, 1e-7, 1e21], b"[10000000000000000,0.000001,1e-7,1e+21]", id="exponents as Go"
        ),
        pytest.param(
            [2**63, float(2**63)], b"[9223372036854776000,9223372036854776000]", id="beyond 64 bits"
        ),
        pytest.param([2**63 - 1, -(2**63)], b"[9223372036854775807,-9223372036854775808]", id="64 bits"),
        pytest.param([2**70], b"[1.1805916207174113e+21]", id="beyond any integer"),
        pytest.param('":1.0', b'"\\":1.0"', id="numbers in text stay"),
    ],
)
def test_bytes(value, expected):
    assert canonical.dumps(value) == expected


def test_the_digest_of_a_value_never_changes():
    assert (
        canonical.digest_of({"a": 1}) == "v1:015abd7f5cc57a2dd94b7590f04ad8084273905ee33ec5cebeae62276a97f862"
    )
    assert canonical.digest(b'{"a":1}') == canonical.digest_of({"a": 1.0})


@pytest.mark.parametrize("value", [{1: 2}, float("nan"), [float("inf")], {"a": object()}, "\ud800"])
def test_what_is_no_json_is_refused(value):
    with pytest.raises(errors.StalledError, match="InvalidObject: cannot be written as JSON"):
        canonical.dumps(value)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_numbers_are_read_back_equal_and_settle_once(number):
    settled = numbers.settle(number)
    assert numbers.settle(json.loads(numbers.text(number))) == settled
    assert canonical.dumps(number) == canonical.dumps(settled) == numbers.text(number).encode()
