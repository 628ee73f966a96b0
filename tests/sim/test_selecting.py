"""Label selectors of queries. What is refused and how was asked from a real API server."""

from __future__ import annotations

import pytest

from roadstead.sim import selecting, status

LABELS = {"app": "web", "size": "3", "empty": ""}
NAME = "name part must consist of alphanumeric characters"
MATCHES = {
    "a value": ("app=web", True),
    "a value, twice the sign, with blanks": (" app == web ", True),
    "another value": ("app=db", False),
    "not a value": ("app!=web", False),
    "not a value of a label that is not there": ("none!=web", True),
    "one of several": ("app in (db, web)", True),
    "none of several": ("app notin (db,web)", False),
    "none of several of a label that is not there": ("none notin (a)", True),
    "a label": ("app", True),
    "no label": ("!none", True),
    "no label that is there": ("! app", False),
    "an empty value": ("empty=", True),
    "an empty set": ("empty in ()", True),
    "more than": ("size>2", True),
    "not more than": ("size>3", False),
    "less than": ("size<10", True),
    "less than, of no number": ("app<10", False),
    "all of several demands": ("app=web,size,!none", True),
    "not all of several demands": ("app=web,none", False),
}
REFUSED = {
    "a in": "unable to parse requirement: found '' expected: '('",
    "=a": "found '=', expected: !, identifier, or 'end of string'",
    "a=b=c": "found '=', expected: ',' or 'end of string'",
    "a in (b": "unable to parse requirement: found '', expected: ',' or ')'",
    "!": "unable to parse requirement: found '', expected: identifier",
    "a notin b": "unable to parse requirement: found 'b' expected: '('",
    "a,,b": "found ',', expected: identifier after ','",
    "a b": "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt",
    "a=b,": "found '', expected: identifier after ','",
    "-a=b": f'unable to parse requirement: <nil>: Invalid value: "-a": {NAME}',
    "a=-b-": 'unable to parse requirement: values[0][a]: Invalid value: "-b-": a valid label must be an empty',
    "a>x": "unable to parse requirement: values[0]: Invalid value: \"x\": for 'Gt', 'Lt' operators, the value",
    ",a": "found ',', expected: !, identifier, or 'end of string'",
}


@pytest.mark.parametrize(("text", "wanted"), MATCHES.values(), ids=MATCHES)
def test_a_selector_matches(text, wanted):
    assert all(each.matches(LABELS) for each in selecting.parse(text)) is wanted


@pytest.mark.parametrize(("text", "why"), REFUSED.items(), ids=REFUSED)
def test_a_selector_is_refused_in_the_words_of_the_server(text, why):
    with pytest.raises(status.ApiError) as refused:
        selecting.parse(text)
    assert refused.value.code == 400
    assert refused.value.message.startswith(why)
