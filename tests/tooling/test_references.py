"""The reference pages say what the code says. Each test tells how to make its page anew."""

from pathlib import Path

from roadstead.cli import reference
from roadstead.cli.main import app
from roadstead.report import reasons

DOCS = Path(__file__).parents[2] / "docs" / "reference"


def test_reasons_are_current():
    """python -c "from roadstead.report import reasons; print(reasons.markdown(), end='')" """
    assert (DOCS / "reasons.md").read_text() == reasons.markdown()


def test_the_command_line_is_current():
    """python -m roadstead.cli.reference"""
    assert (DOCS / "cli.md").read_text() == reference.markdown(app)
