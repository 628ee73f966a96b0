"""Fixtures for every ring."""

from pathlib import Path

import pytest

pytest_plugins = ["tests.controlplane.fixtures"]

SUITES = Path(__file__).parents[2] / "shared" / "suites"


@pytest.fixture(scope="session")
def suite():
    """The folder of an external suite (`suite("kstatus")`); skips, saying so, where it is absent."""

    def folder(name: str) -> Path:
        path = SUITES / name
        if not path.is_dir():
            pytest.skip(f"the suite {name} is not beside this checkout")
        return path

    return folder
