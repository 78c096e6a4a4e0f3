"""The transport of the Ollama double: HTTP/1.1 with keep-alive, JSON, NDJSON streams."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Fault(Exception):  # noqa: N818  half of them are what a person did wrong
    """An HTTP reply that is no success: `{"error": text}`, or `body` as it stands."""

    status: int
    text: str = ""
    body: bytes | None = None
    headers: dict[str, str] = field(default_factory=dict)


class Dropped(Exception):  # noqa: N818
    """The connection is to be closed without another word."""


@dataclass
class Plain:
    """A reply that is no JSON object."""

    text: str | bytes = b""
    status: int = 200
    content_type: str = "text/plain; charset=utf-8"


# What answers a request: an object, the objects of a stream, or something plain.
Serve = Callable[
    [str, str, dict[str, Any], dict[str, str]], "dict[str, Any] | Iterator[Any] | Plain"
]


class LoopbackServer:
    """Serves until `close`, on a free port of 127.0.0.1, a thread for each connection."""

    def __init__(self, serve: Serve) -> None:
        self._connections: set[socket.socket] = set()
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.serve = serve
        self._server.connections = self._connections
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True
        )
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        for connection in list(self._connections):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        self._thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 64
    serve: Serve
    connections: set[socket.socket]


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # a reply leaves in one piece

    def setup(self) -> None:
        super().setup()
        self.server.connections.add(self.connection)

    def finish(self) -> None:
        self.server.connections.discard(self.connection)
        with contextlib.suppress(OSError):
            super().finish()

    def handle(self) -> None:
        # A client that is gone is no error of the server.
        with contextlib.suppress(ConnectionError, TimeoutError):
            super().handle()

    def handle_one_request(self) -> None:
        # Any method is answered by the same function.
        try:
            self.raw_requestline = self.rfile.readline(65537)
        except (ConnectionError, ValueError):
            self.close_connection = True
            return
        if not self.raw_requestline:
            self.close_connection = True
            return
        if self.parse_request():
            self._answer()
            self.wfile.flush()

    def _answer(self) -> None:
        data = self._read_body()
        body: dict[str, Any] = {"bytes": data}
        with contextlib.suppress(ValueError):
            body = json.loads(data) if data else {}
        headers = {name.lower(): value for name, value in self.headers.items()}
        try:
            result = self.server.serve(self.command, self.path, body, headers)
            if isinstance(result, Plain):
                self._send(result.status, result.text, result.content_type)
            elif isinstance(result, dict):
                self._send(200, json.dumps(result))
            else:
                self._send_stream(result)
        except Fault as fault:
            text = fault.body if fault.body is not None else json.dumps({"error": fault.text})
            self._send(fault.status, text, headers=fault.headers)
        except Dropped:
            self.close_connection = True

    def _send(
        self,
        status: int,
        text: str | bytes,
        content_type: str = "application/json; charset=utf-8",
        headers: dict[str, str] | None = None,
    ) -> None:
        data = text.encode() if isinstance(text, str) else text
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(data)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def _send_stream(self, parts: Iterator[Any]) -> None:
        """The first part is made before the status is sent: an error there has its own."""
        parts = iter(parts)
        first = next(parts, None)
        self.send_response(200)
        self.send_header("Content-Type", "application/x-ndjson")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        part = first
        while part is not None:
            line = part if isinstance(part, bytes) else json.dumps(part).encode() + b"\n"
            self.wfile.write(f"{len(line):x}\r\n".encode() + line + b"\r\n")
            self.wfile.flush()
            part = next(parts, None)
        self.wfile.write(b"0\r\n\r\n")

    def _read_body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        chunks = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            chunks.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(chunks)

    def log_message(self, *_: object) -> None:
        """Says nothing: the double keeps its own log."""
