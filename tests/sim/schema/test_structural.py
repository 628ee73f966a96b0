"""Schemas of custom kinds in simulated clusters."""

from __future__ import annotations

import re

import pytest

from roadstead.sim.schema import structural

PATTERNS = [
    pytest.param("^[a-z]+$", "abc", True, id="none"),
    pytest.param("^(?i)abc$", "aBC", True, id="at the beginning"),
    pytest.param("^((?i)jan|feb|1[0-2])$", "FEB", True, id="inside"),
    pytest.param("^((?i)jan|feb|1[0-2])$", "13", False, id="inside, beside digits"),
    pytest.param(r"^(?i)a\d[x]$", "A1X", False, id="not for what is listed"),
]


@pytest.mark.parametrize(("pattern", "text", "fits"), PATTERNS)
def test_the_flag_for_either_case_may_stand_anywhere(pattern, text, fits):
    assert bool(re.search(structural.portable(pattern), text)) is fits
