"""The address of an Ollama server, and clients for it: headers, keys, time-outs, proxies."""

from __future__ import annotations

import base64
import ipaddress
import os
import ssl
import threading
import urllib.parse
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from ragkit.errors import ModelUnavailableError

if TYPE_CHECKING:
    import httpx
    import ollama

_CONNECT_SECONDS = 5.0
_PORT = 11434
_import_lock = threading.Lock()


class OllamaHost:
    """One server, and the official clients for it, which send to this address and no other.

    `address` is what OLLAMA_HOST may hold ("box", "box:1234", "https://box/path"); without it
    OLLAMA_HOST counts, else this machine. 0.0.0.0, which tells a server to listen everywhere,
    means this machine here. A name and password in the address become a Basic header.

    `headers` go with every request. OLLAMA_API_KEY is sent as a Bearer token if and only if the
    host is https://ollama.com.
    `timeout` in seconds is the longest wait for the next bytes of a reply; without it each call
    has its own limit. Redirects are not followed, so texts go to no other host.

    Raises `ValueError` for an address that cannot be one.
    """

    def __init__(
        self,
        address: str | None = None,
        *,
        headers: Mapping[str, str] | None = None,
        timeout: float | None = None,
    ) -> None:
        if timeout is not None and not timeout > 0:
            raise ValueError(f"a time-out must be above 0 seconds, not {timeout}")
        address = address or os.environ.get("OLLAMA_HOST") or "127.0.0.1"
        self.url, basic = _parse_address(address.strip())
        self.timeout = timeout
        self._headers = {name.lower(): value for name, value in (headers or {}).items()}
        self._authorization = self._headers.pop("authorization", None)
        if self._authorization is None:
            self._authorization = self._cloud_key() or basic

    def __repr__(self) -> str:
        return f"OllamaHost({self.url!r})"

    @property
    def is_loopback(self) -> bool:
        """Whether the server runs on this very machine."""
        name = urllib.parse.urlsplit(self.url).hostname or ""
        try:
            return ipaddress.ip_address(name).is_loopback
        except ValueError:
            return name == "localhost" or name.endswith(".localhost")

    @property
    def is_cloud(self) -> bool:
        """Whether this is Ollama's own service, reached directly."""
        return urllib.parse.urlsplit(self.url).hostname in ("ollama.com", "www.ollama.com")

    @property
    def is_remote(self) -> bool:
        """Whether what is sent to this host leaves this machine."""
        return not self.is_loopback

    def client(self, read_seconds: float) -> ollama.Client:
        """A client, closed by the caller. `timeout`, where it is set, replaces `read_seconds`."""
        client: ollama.Client = self._build_client("Client", read_seconds)
        return client

    def async_client(self, read_seconds: float) -> ollama.AsyncClient:
        """As `client`, for use inside one event loop."""
        client: ollama.AsyncClient = self._build_client("AsyncClient", read_seconds)
        return client

    def _build_client(self, kind: str, read_seconds: float) -> Any:
        vendor, http = load_vendor()
        settings: dict[str, Any] = {
            "host": self.url,
            "headers": self._headers,
            "timeout": http.Timeout(self.timeout or read_seconds, connect=_CONNECT_SECONDS),
            "follow_redirects": False,
            # A proxy variable meant for the internet must not catch calls to this machine.
            "trust_env": not self.is_loopback,
            "auth": self._authorization_hook(),
        }
        if self.url.startswith("http://"):
            # Never used, but the client would spend 20 ms reading certificates for it.
            settings["verify"] = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        try:
            return getattr(vendor, kind)(**settings)
        except (ImportError, ValueError, http.InvalidURL) as error:
            raise ModelUnavailableError(
                f"no connection to {self.url} can be set up: {error} (check the variables "
                "HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY, or unset them)"
            ) from error

    def _authorization_hook(self) -> Callable[[httpx.Request], httpx.Request]:
        """Sets the authorization header, or removes it: the client alone would send
        OLLAMA_API_KEY to every host."""
        value = self._authorization

        def authorize(request: httpx.Request) -> httpx.Request:
            request.headers.pop("authorization", None)
            if value:
                request.headers["authorization"] = value
            return request

        return authorize

    def _cloud_key(self) -> str | None:
        key = os.environ.get("OLLAMA_API_KEY")
        return (
            f"Bearer {key}" if key and self.is_cloud and self.url.startswith("https://") else None
        )


def load_vendor() -> tuple[Any, Any]:
    """The packages `ollama` and `httpx`; the first call takes a third of a second.

    Importing `ollama` builds a client from the environment at once. That fails on a malformed
    OLLAMA_HOST, proxy or NO_PROXY, even when they do not matter for this host (a SOCKS proxy, a
    local server), so a failed import is tried again without these variables.
    """
    with _import_lock:
        import httpx

        try:
            import ollama
        except ModuleNotFoundError:
            raise
        except (ImportError, ValueError, httpx.InvalidURL):
            with _environment_without(
                "OLLAMA_HOST", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"
            ):
                import ollama
    return ollama, httpx


def _parse_address(address: str) -> tuple[str, str | None]:
    """The full URL without its user, and the Basic header for that user (None without one)."""
    scheme, separator, rest = address.partition("://")
    if not separator:
        rest = address
        scheme = "https" if rest.split("/")[0] in ("ollama.com", "www.ollama.com") else "http"
    port = {"https": 443, "http": 80 if separator else _PORT}.get(scheme)
    if port is None:
        raise ValueError(f"{address!r} is no address of an Ollama server: it must be http or https")
    try:
        parts = urllib.parse.urlsplit(f"{scheme}://{rest}")
        port = parts.port or port
        host = (parts.hostname or "127.0.0.1").encode("idna").decode("ascii")
    except ValueError as error:
        raise ValueError(
            f"{_without_user(address)!r} is no address of an Ollama server; write it like "
            "127.0.0.1:11434 or https://example.org"
        ) from error
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104
    basic = None
    if parts.username:
        pair = urllib.parse.unquote(f"{parts.username}:{parts.password or ''}")
        basic = "Basic " + base64.b64encode(pair.encode()).decode("ascii")
    host = f"[{host}]" if ":" in host else host
    return f"{scheme}://{host}:{port}/{parts.path.strip('/')}".rstrip("/"), basic


def _without_user(address: str) -> str:
    return address.rsplit("@", 1)[-1]


@contextmanager
def _environment_without(*names: str) -> Iterator[None]:
    removed = {name: os.environ.pop(name) for name in list(os.environ) if name.upper() in names}
    try:
        yield
    finally:
        os.environ.update(removed)
