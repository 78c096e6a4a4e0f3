"""What the messages of object stores mean for a person."""

from __future__ import annotations

import pytest

from ragkit.errors import StorageError
from ragkit.object_store import describe_error, is_remote, list_objects, retrying_options
from ragkit.types import StorageLocation


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param(
            "Server returned non-2xx status code: 404 Not Found: <Code>NoSuchBucket</Code>",
            "there is no bucket docs",
            id="bucket",
        ),
        pytest.param(
            "status: 403, body: <Code>InvalidAccessKeyId</Code>", "refuses the keys", id="key"
        ),
        pytest.param(
            "403 Forbidden: <Code>SignatureDoesNotMatch</Code>", "refuses the keys", id="secret"
        ),
        pytest.param("403 Forbidden: <Code>AccessDenied</Code>", "may not do this", id="denied"),
        pytest.param("Failed to get AWS credentials: ProviderError", "no keys", id="none"),
        pytest.param(
            "Error performing PUT http://169.254.169.254/latest/api/token", "no keys", id="metadata"
        ),
        pytest.param("HttpError { kind: Connect, source: reqwest", "no connection", id="connect"),
        pytest.param("HttpError { kind: Timeout }", "does not answer", id="time"),
        pytest.param("BadScheme", "allow_http=true", id="http"),
        pytest.param("something new\nand more", "something new", id="unknown"),
        pytest.param("", "unknown error", id="nothing"),
    ],
)
def test_a_message_says_what_to_do(text: str, said: str) -> None:
    assert said in describe_error(text, "s3://docs/notes")
    assert "\n" not in describe_error(text, "s3://docs/notes")


def test_a_dead_store_is_not_waited_for_unless_asked() -> None:
    assert retrying_options({})["client_retry_timeout"] == "3"
    assert retrying_options({"client_retry_timeout": "60"})["client_retry_timeout"] == "60"


def test_an_unknown_scheme_is_refused() -> None:
    pytest.importorskip("obstore", reason="the extra 'cloud' is not installed")
    with pytest.raises(StorageError, match="ftp://there"):
        list(list_objects(StorageLocation("ftp://there/docs")))


def test_addresses_are_told_from_paths() -> None:
    assert is_remote("s3://bucket/a")
    assert not is_remote("/home/kim/s3:/a")
