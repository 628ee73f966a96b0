"""`roadstead serve --config`: a file in the place of flags, whose mistakes are told with their lines."""

import pytest
from typer.testing import CliRunner

from roadstead.cli import main


def run(tmp_path, text: str, *flags: str):
    path = tmp_path / "hub.yaml"
    path.write_text(text)
    found = CliRunner().invoke(main.app, ["serve", "--config", str(path), *flags])
    return found.exit_code, " ".join(found.output.replace(f"{tmp_path}/", "").split())


@pytest.mark.parametrize(
    ("text", "told"),
    [
        pytest.param("fleet: .\nintervall: 1m\n", "hub.yaml:2:1", id="no such flag"),
        pytest.param("fleet: .\nintervall: 1m\n", "did you mean interval?", id="the nearest flag"),
        pytest.param(
            "fleet: .\n\nlog-format: xml\n", "hub.yaml:3:1", id="a value that the flag does not take"
        ),
        pytest.param(
            "webhook-secret: github=/x\n", "webhook-secret takes a list", id="one value where many may be"
        ),
        pytest.param("database: [a, b]\n", "database takes one value", id="many values where one may be"),
        pytest.param("- fleet\n", "it holds no mapping", id="no mapping"),
        pytest.param("fleet: [\n", "hub.yaml:2", id="no YAML"),
    ],
)
def test_a_mistake_is_told_with_its_line(tmp_path, text, told):
    code, output = run(tmp_path, text)
    assert code == 2
    assert told in output


def test_all_mistakes_are_told_at_once(tmp_path):
    _, output = run(tmp_path, "intervall: 1m\nbrnach: main\n")
    assert "hub.yaml:1:1" in output
    assert "hub.yaml:2:1" in output


@pytest.mark.parametrize(
    ("text", "flags", "told"),
    [
        pytest.param(
            "keep-events: soon\n", (), "--keep-events: not a duration", id="the file's value counts"
        ),
        pytest.param(
            "keep-events: soon\n", ("--keep-events", "late"), ": late", id="a flag goes before the file"
        ),
        pytest.param("keep-size: much\n", (), "--keep-size: not a quantity", id="a size that is none"),
    ],
)
def test_values_reach_the_verb(tmp_path, text, flags, told):
    code, output = run(tmp_path, text, *flags)
    assert code == 2
    assert told in output
