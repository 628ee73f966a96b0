"""`roadstead token new`: the token once, to be kept; its hash, for the hub."""

from typer.testing import CliRunner

from roadstead.cli import token
from roadstead.hub.access import rules, tokens


def test_a_token_is_printed_once_and_what_the_hub_is_to_hold_fits_it():
    ended = CliRunner().invoke(token.app, ["new", "ci"])
    shown = ended.stdout.strip()
    assert (ended.exit_code, shown.startswith("rst_"), len(shown.split())) == (0, True, 1)
    assert shown not in ended.stderr
    found = rules.read(ended.stderr.partition("\n\n")[2].encode(), file="access.yaml")
    assert tokens.find(shown, found.tokens, now=None).name == "ci"
