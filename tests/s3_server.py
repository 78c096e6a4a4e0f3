"""An S3 server on loopback (moto), and a proxy before it that forgets to pass a header on."""

from __future__ import annotations

import http.client
import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from ragkit.index import Index
from ragkit.types import StorageLocation

MARKS = [
    pytest.mark.s3,
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]
KEYS = {"aws_access_key_id": "test", "aws_secret_access_key": "test", "region": "us-east-1"}


class S3:
    """A running server; `options(port)` are those that reach it."""

    def __init__(self, port: int) -> None:
        import boto3

        self.port = port
        self.client: Any = boto3.client(
            "s3",
            endpoint_url=f"http://127.0.0.1:{port}",
            aws_access_key_id="test",
            aws_secret_access_key="test",
            region_name="us-east-1",
        )

    def options(self, port: int | None = None) -> dict[str, str]:
        return {"endpoint": f"http://127.0.0.1:{port or self.port}", "allow_http": "true", **KEYS}

    def at(self, uri: str, port: int | None = None) -> StorageLocation:
        return StorageLocation(uri, tuple(self.options(port).items()))

    def put(self, bucket: str, **objects: str) -> None:
        for key, text in objects.items():
            self.client.put_object(Bucket=bucket, Key=key, Body=text.encode())


@contextmanager
def running() -> Iterator[S3]:
    """A server with nothing in it, for as long as the context lasts."""
    from moto.server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        yield S3(server.get_host_and_port()[1])
    finally:
        server.stop()


def rows(index: Index) -> list[tuple[object, ...]]:
    """What is stored of each chunk, by id."""
    table = index._connection.store.chunks._table.to_arrow().sort_by("id")
    names = ("id", "text_hash", "text", "vector")
    return list(zip(*(table[name].to_pylist() for name in names), strict=True))


class _Proxy(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    upstream = 0

    def _pass_on(self) -> None:
        answer, content = self._ask(dict(self.headers.items()))
        self.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in ("transfer-encoding", "connection", "content-length"):
                self.send_header(name, value)
        length = answer.getheader("Content-Length") if self.command == "HEAD" else None
        self.send_header("Content-Length", length or str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _ask(self, headers: dict[str, str]) -> tuple[http.client.HTTPResponse, bytes]:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        connection = http.client.HTTPConnection("127.0.0.1", self.upstream)
        connection.request(self.command, self.path, body, headers)
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        return answer, content

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = _pass_on  # noqa: N815

    def log_message(self, *arguments: object) -> None: ...


class _Forgetful(_Proxy):
    def _ask(self, headers: dict[str, str]) -> tuple[http.client.HTTPResponse, bytes]:
        kept = {k: v for k, v in headers.items() if k.lower() != "if-none-match"}
        return super()._ask(kept)


class Cut:
    """Which requests meet a network that is down, counted from 1; how many there were."""

    def __init__(self, first: int, length: int, *, after: bool) -> None:
        self.first, self.length, self.after = first, length, after
        self.requests = 0
        self._lock = threading.Lock()

    def count(self) -> bool:
        """Counts a request; whether it meets the cut."""
        with self._lock:
            self.requests += 1
            return self.first <= self.requests < self.first + self.length


class _Unreliable(_Proxy):
    cut: Cut

    def _pass_on(self) -> None:
        if not self.cut.count():
            super()._pass_on()
            return
        if self.cut.after:  # the request has its effect, and the answer is lost
            self._ask(dict(self.headers.items()))
        self.close_connection = True
        self.connection.close()

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = _pass_on  # noqa: N815


class _Server(ThreadingHTTPServer):
    def handle_error(self, *arguments: object) -> None: ...  # of connections that were cut


@contextmanager
def forgetful_proxy(upstream: int) -> Iterator[int]:
    """The port of a proxy that drops `If-None-Match`, as some stores do."""
    with _proxy(type("Handler", (_Forgetful,), {"upstream": upstream})) as port:
        yield port


@contextmanager
def unreliable_proxy(upstream: int, cut: Cut) -> Iterator[int]:
    """The port of a proxy whose network is cut for some requests, before or after they reached
    the server."""
    with _proxy(type("Handler", (_Unreliable,), {"upstream": upstream, "cut": cut})) as port:
        yield port


@contextmanager
def _proxy(handler: type[_Proxy]) -> Iterator[int]:
    server = _Server(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
