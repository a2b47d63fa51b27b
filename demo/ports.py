"""Find out whether a port can be listened on, and offer another if it cannot."""

from __future__ import annotations

import socket

HOST = "127.0.0.1"
DEFAULT_PORT = 8080
_HIGHEST = 65_535


def is_free(port: int) -> bool:
    """Tell whether a server could listen on ``port`` of the loopback interface now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
        return True


def next_free(port: int, *, tries: int = 100) -> int | None:
    """Return the first free port above ``port``, None if there is none among the next ``tries``."""
    candidates = range(port + 1, min(port + tries, _HIGHEST) + 1)
    return next((candidate for candidate in candidates if is_free(candidate)), None)


def taken_message(port: int, other: int | None, command: str) -> str:
    """Say that a port is taken and, if there is one, how to use another."""
    if other is None:
        return f"Port {port} is in use, and so are the next hundred. Choose one yourself: make {command} PORT=…"
    return f"Port {port} is in use by another program. Port {other} is free; use it by: make {command} PORT={other}"
