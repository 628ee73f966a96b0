"""Loopback ports that stay ours from before a server starts until after it was killed and restarted.

Each port is held by a socket that is bound but never listens. Servers share the port with it (SO_REUSEPORT);
while none of them listens, a connection is refused, as it is when a server is down.
"""

from __future__ import annotations

import socket


class Ports:
    def __init__(self) -> None:
        self._held: list[socket.socket] = []

    def take(self) -> int:
        holder = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        holder.bind(("127.0.0.1", 0))
        self._held.append(holder)
        port: int = holder.getsockname()[1]
        return port

    def release(self) -> None:
        for holder in self._held:
            holder.close()
        self._held.clear()
