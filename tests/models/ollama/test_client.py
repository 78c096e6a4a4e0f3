"""Promises of `ragkit.models.ollama.client` and of how the vendor's package is imported."""

from __future__ import annotations

import base64
import os
import subprocess
import sys

import pytest

from ragkit.errors import ModelUnavailableError
from ragkit.models.ollama import OllamaHost, OllamaModels
from tests.ollama_double import OllamaDouble


@pytest.fixture(autouse=True)
def _no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OLLAMA_HOST", "OLLAMA_API_KEY"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(
    ("address", "url"),
    [
        (None, "http://127.0.0.1:11434"),
        ("", "http://127.0.0.1:11434"),
        ("box", "http://box:11434"),
        ("box:1234", "http://box:1234"),
        (":1234", "http://127.0.0.1:1234"),
        ("http://box", "http://box:80"),
        ("https://box", "https://box:443"),
        ("https://box/ollama/", "https://box:443/ollama"),
        ("0.0.0.0", "http://127.0.0.1:11434"),
        ("http://0.0.0.0:99", "http://127.0.0.1:99"),
        ("[::]:99", "http://[::1]:99"),
        ("[::1]", "http://[::1]:11434"),
        ("ollama.com", "https://ollama.com:443"),
        (" box ", "http://box:11434"),
        ("me:secret@box", "http://box:11434"),
    ],
)
def test_an_address_may_be_written_as_ollama_takes_it(address: str | None, url: str) -> None:
    assert OllamaHost(address).url == url


def test_the_variable_counts_where_no_address_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OLLAMA_HOST", "0.0.0.0:4321")
    assert OllamaHost().url == "http://127.0.0.1:4321"
    assert OllamaHost("box").url == "http://box:11434"


@pytest.mark.parametrize("address", ["box:99999", "ftp://box", "http://[::1", "a" * 70 + ".org"])
def test_what_can_be_no_address_is_refused_with_an_example(address: str) -> None:
    with pytest.raises(ValueError, match=r"no address of an Ollama server"):
        OllamaHost(address)


def test_a_password_is_never_shown() -> None:
    with pytest.raises(ValueError, match="box") as caught:
        OllamaHost("http://me:secret@box:99999")
    assert "secret" not in str(caught.value)
    assert "secret" not in repr(OllamaHost("me:secret@box"))


@pytest.mark.parametrize("timeout", [0, -1, float("nan")])
def test_a_time_out_must_be_a_time(timeout: float) -> None:
    with pytest.raises(ValueError, match="time-out"):
        OllamaHost(timeout=timeout)


@pytest.mark.parametrize(
    ("address", "leaves"),
    [
        ("127.0.0.1", False),
        ("127.8.8.8", False),
        ("localhost", False),
        ("[::1]", False),
        ("0.0.0.0", False),
        ("192.168.1.5", True),
        ("box", True),
        ("https://ollama.com", True),
    ],
)
def test_only_loopback_stays_on_this_machine(address: str, leaves: bool) -> None:
    assert OllamaHost(address).is_remote is leaves


def test_the_key_of_the_cloud_is_not_sent_to_another_host(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OLLAMA_API_KEY", "secret")
    with OllamaDouble() as server:
        OllamaModels(OllamaHost(server.url)).server_version()
    assert "authorization" not in server.calls[0].headers


def test_the_key_of_the_cloud_is_sent_to_the_cloud_over_https_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OLLAMA_API_KEY", "secret")

    def header(address: str) -> str | None:
        import httpx

        with OllamaHost(address).client(1) as client:
            request = httpx.Request("GET", "https://ollama.com")
            flow = client._client.auth.sync_auth_flow(request)
            return next(flow).headers.get("authorization")

    assert header("https://ollama.com") == "Bearer secret"
    assert header("ollama.com") == "Bearer secret"
    assert header("http://ollama.com") is None
    assert header("https://ollama.com.example.org") is None


def test_a_key_that_is_given_is_sent_to_the_host_it_is_given_for() -> None:
    with OllamaDouble(key="secret") as server:
        assert OllamaModels(
            OllamaHost(server.url, headers={"Authorization": "Bearer secret"})
        ).server_version()
        named = OllamaHost(server.url, headers={"Authorization": "Bearer secret"})
        assert OllamaModels(named).server_version()


def test_headers_go_with_every_request() -> None:
    with OllamaDouble() as server:
        OllamaModels(OllamaHost(server.url, headers={"X-Team": "search"})).list_models()
    assert server.calls[0].headers["x-team"] == "search"


def test_a_name_and_password_in_the_address_become_a_basic_header() -> None:
    with OllamaDouble() as server:
        address = server.url.replace("http://", "http://me:s%40fe@")
        OllamaModels(OllamaHost(address)).list_models()
    assert server.calls[0].headers["authorization"] == (
        "Basic " + base64.b64encode(b"me:s@fe").decode()
    )


@pytest.mark.parametrize(
    "variables",
    [
        pytest.param({"HTTP_PROXY": "http://127.0.0.1:9"}, id="a proxy that is not there"),
        pytest.param({"ALL_PROXY": "socks5://127.0.0.1:9"}, id="a SOCKS proxy"),
        pytest.param({"HTTPS_PROXY": "127.0.0.1:9 9"}, id="a proxy that is no address"),
        pytest.param({"NO_PROXY": "[::1]"}, id="an exception httpx cannot read"),
        pytest.param({"OLLAMA_HOST": "box:99999"}, id="a host that is no address"),
    ],
)
def test_odd_variables_do_not_keep_it_from_a_local_server(variables: dict[str, str]) -> None:
    program = (
        "import sys; from ragkit.models.ollama import OllamaHost, OllamaModels; "
        "print(OllamaModels(OllamaHost(sys.argv[1])).server_version())"
    )
    with OllamaDouble(version="0.33.7") as server:
        done = subprocess.run(
            [sys.executable, "-c", program, server.url],
            env={**os.environ, **variables},
            capture_output=True,
            text=True,
            check=False,
        )
    assert (done.stdout, done.stderr) == ("0.33.7\n", "")


def test_a_proxy_that_matters_and_cannot_work_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", "socks5://127.0.0.1:9")
    with pytest.raises(ModelUnavailableError, match="ALL_PROXY"):
        OllamaModels(OllamaHost("http://box.invalid")).server_version()


def test_a_redirect_is_not_followed() -> None:
    with OllamaDouble() as elsewhere, OllamaDouble() as server:
        server.fail_next(status=307, headers={"Location": f"{elsewhere.url}/api/tags"})
        with pytest.raises(Exception, match="redirects elsewhere"):
            OllamaModels(OllamaHost(server.url)).list_models()
    assert elsewhere.calls == []


def test_importing_the_package_imports_neither_vendor_nor_numpy() -> None:
    program = (
        "import sys, ragkit.models.ollama, ragkit.answering.prompt; "
        "print(sorted({'ollama', 'httpx', 'pydantic', 'numpy'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"
