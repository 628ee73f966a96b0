"""What `resume` cannot lift, and what does."""

import pytest
from typer.testing import CliRunner

from roadstead.cli import main


@pytest.mark.parametrize(
    ("hold", "hint"),
    [
        pytest.param("Hold/night", "the document", id="a document in Git"),
        pytest.param("break-glass/prod", "roadstead.dev/break-glass", id="a mark in a cluster"),
        pytest.param("inventory/web@prod", "roadstead.dev/hold", id="what an inventory alone still carries"),
    ],
)
def test_a_hold_that_no_command_made_is_lifted_where_it_stands(hold, hint):
    ended = CliRunner().invoke(main.app, ["resume", hold, "--hub", "http://127.0.0.1:9", "--reason", "over"])
    assert ended.exit_code == 2
    assert hint in ended.stderr
