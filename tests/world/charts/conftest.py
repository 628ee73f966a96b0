import pytest

from tests.world.charts.servers import Server, serving


@pytest.fixture
async def server(tmp_path, monkeypatch):
    """Without any credentials of the user who runs the tests."""
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HELM_CONFIG_HOME", str(tmp_path / "helm"))
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "docker"))
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    (tmp_path / "netrc").write_text("")
    async with serving(Server()) as running:
        yield running
