"""The package imports and says its version."""

from importlib import metadata

import roadstead


def test_version_is_that_of_the_distribution():
    assert metadata.version("roadstead") == roadstead.__version__
