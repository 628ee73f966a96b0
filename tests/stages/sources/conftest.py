from tests.world.git.fixtures import cache, home, origin, served, server, ssh_server

__all__ = ["cache", "home", "origin", "served", "server", "ssh_server"]
