"""Fixtures for every ring."""

import asyncio
import gc
from collections.abc import Callable, Generator
from pathlib import Path

import pytest
import structlog
from hypothesis import HealthCheck, settings

import roadstead

pytest_plugins = ["tests.controlplane.fixtures"]

CHECKOUT = Path(__file__).parents[1]
SUITES = CHECKOUT.parent / "shared" / "suites"
LONGEST = ("test_kubectl.py", "end_to_end")  # modules or folders of them, the longest first

# How many values at random a test tries: few each time, many in `make test-all`. A busy machine is no fault.
settings.register_profile("few", max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("many", settings.get_profile("few"), max_examples=1000)
settings.load_profile("few")


def pytest_configure() -> None:
    """The code under test is that of this checkout, in the processes that tests start, too."""
    found = Path(roadstead.__file__).parent
    if found != CHECKOUT / "src" / "roadstead":
        raise pytest.UsageError(
            f"this interpreter runs {found}, not the code beside these tests: `make install`, then .venv/bin/python"
        )


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """What is imported and collected lives until the end: no search for garbage looks at it, now or later.

    A search comes after as many new objects as in the command (`roadstead.cli.start`), which are cheaper so.
    """
    gc.disable()
    found = yield
    gc.freeze()
    gc.set_threshold(50_000)
    gc.enable()
    return found


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest modules come first: of several processes none is left with one of them at the end."""
    items.sort(key=lambda item: [part not in item.path.parts for part in LONGEST])


@pytest.fixture(autouse=True)
def _logging_ends() -> Generator[None]:
    """What libraries log in later tests must not go to the output of one that is over."""
    yield
    if structlog.is_configured():
        structlog.reset_defaults()


@pytest.fixture
async def ahead(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """`ahead(60)`: a minute has passed on the clock of the event loop. So the test says after what a deadline is over,
    and no machine is too slow to get there before."""
    loop = asyncio.get_running_loop()
    now, turned = loop.time, 0.0

    def turn(seconds: float) -> None:
        nonlocal turned
        turned += seconds

    monkeypatch.setattr(loop, "time", lambda: now() + turned)
    return turn


@pytest.fixture(scope="session")
def suite():
    """The folder of an external suite (`suite("kstatus")`); skips, saying so, where it is absent."""

    def folder(name: str) -> Path:
        path = SUITES / name
        if not path.is_dir():
            pytest.skip(f"the suite {name} is not beside this checkout")
        return path

    return folder
