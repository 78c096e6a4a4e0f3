from __future__ import annotations

import socket

import pytest


@pytest.mark.parametrize(
    "address",
    [
        pytest.param(("192.0.2.1", 80), id="documentation network"),
        pytest.param(("10.0.0.1", 443), id="private network"),
    ],
)
def test_the_suite_can_open_no_connection_beyond_loopback(address: tuple[str, int]) -> None:
    with (
        socket.socket() as connection,
        pytest.raises(AssertionError, match="a test opened a connection"),
    ):
        connection.connect(address)


def test_loopback_is_open() -> None:
    with socket.socket() as server, socket.socket() as client:
        server.bind(("127.0.0.1", 0))
        server.listen()
        client.connect(server.getsockname())
