"""Stories run the installed command against real API servers."""

import pytest

from tests.end_to_end.story import Story


def pytest_collection_modifyitems(items):
    for item in items:
        if "end_to_end" in item.path.parts:
            item.add_marker(pytest.mark.end_to_end)


@pytest.fixture
def two(clusters):
    return clusters(2)


@pytest.fixture
def story(two, unique, tmp_path):
    """A fleet with the clusters `dev` and `prod`, and no bundle yet."""
    first, second = two
    told = Story(tmp_path, first.kubeconfig, unique)
    told.cluster("dev", first.name, tier="development")
    told.cluster("prod", second.name, tier="production")
    return told
