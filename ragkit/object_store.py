"""Object stores (s3://, gs://, az://): listing, reading, and whether a store keeps its promises.

The client is obstore, the same library underneath as LanceDB's, so that one set of options and the
same environment variables serve index and documents.
"""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from ragkit.errors import LoadError, RagkitError, StorageError, missing_library
from ragkit.types import StorageLocation

if TYPE_CHECKING:
    from obstore.store import ObjectStore

_HEAD_BYTES = 8192
_PROBE = "ragkit-probe-"
# An unreachable store is an error after seconds, not minutes.
_TIMEOUTS = {"connect_timeout": "3s", "client_retry_timeout": "3", "client_max_retries": "2"}
_CLIENT_OPTIONS = frozenset(["allow_http", "allow_invalid_certificates", "connect_timeout"])
_CLIENT_OPTIONS |= {"timeout", "user_agent", "proxy_url", "http1_only", "http2_only"}
_RETRY_OPTIONS = frozenset(["client_max_retries", "client_retry_timeout"])
# What the messages of S3, GCS, Azure and the HTTP client say -> what that means for a person.
_ERRORS = (
    (r"NoSuchBucket|ContainerNotFound|bucket does not exist", "there is no bucket {bucket}"),
    (
        r"InvalidAccessKeyId|SignatureDoesNotMatch|AuthorizationHeaderMalformed|InvalidToken"
        r"|ExpiredToken|AuthenticationFailed",
        "the store refuses the keys",
    ),
    (
        r"[Cc]redential|169\.254\.169\.254|metadata\.google",
        "no keys were found: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (or what your store "
        "uses), or give --storage-option access_key_id=... secret_access_key=...",
    ),
    (r"AccessDenied|403 Forbidden|status: 403", "these keys may not do this in {bucket}"),
    (r"BadScheme", "the endpoint is http://: allow that with --storage-option allow_http=true"),
    (r"kind: Connect|[Cc]onnection refused|dns error|error sending request", "no connection"),
    (r"kind: Timeout|timed out|retry_timeout", "the store does not answer"),
    (r"status: 404|404 Not Found", "there is no bucket {bucket}, or nothing under that name"),
)


class RemoteObject(NamedTuple):
    """An object as a listing shows it; `key` counts from the location that was listed."""

    key: str
    size: int
    modified: datetime
    tag: str


def is_remote(uri: str) -> bool:
    """Whether this is an address of an object store."""
    return "://" in uri


def retrying_options(options: Mapping[str, str]) -> dict[str, str]:
    """The options with limits on how long a dead store is waited for."""
    return {**_TIMEOUTS, **options}


def list_objects(place: StorageLocation) -> Iterator[RemoteObject]:
    """All objects at or below a location, in ascending order of their keys' UTF-8 bytes, as the
    store lists them. A location that is an object itself gives that one, with the key "".

    Raises `StorageError`.
    """
    bucket, prefix = _split(place.uri)
    import obstore

    store = _open(bucket, place.options)
    with _translate_errors(place.uri):
        for batch in obstore.list(store, prefix=prefix or None):
            for one in batch:
                key = one["path"][len(prefix) :].lstrip("/") if prefix else one["path"]
                yield RemoteObject(key, one["size"], one["last_modified"], one["e_tag"] or "")
        if prefix:
            with suppress(FileNotFoundError):
                one = obstore.head(store, prefix)
                yield RemoteObject("", one["size"], one["last_modified"], one["e_tag"] or "")


def read_object(
    place: StorageLocation,
    *,
    limit_bytes: int,
    head_check: Callable[[bytes], Exception | None] | None = None,
) -> bytes:
    """The bytes of one object; `head_check` as for a file.

    Raises `LoadError`: skipped when it is larger than `limit_bytes`; failed when it is gone or
    cannot be read.
    """
    import obstore

    bucket, key = _split(place.uri)
    try:
        answer = obstore.get(_open(bucket, place.options), key)
        size = answer.meta["size"]
        if size > limit_bytes:
            raise LoadError(
                f"{size:,} bytes, larger than the limit of {limit_bytes:,}: --max-file-size SIZE "
                "raises it",
                outcome="skipped",
            )
        data = bytearray()
        checked = head_check is None
        for piece in answer.stream(min_chunk_size=1 << 20):
            data += bytes(piece)
            if not checked and head_check is not None and len(data) >= min(size, _HEAD_BYTES):
                checked = True
                problem = head_check(bytes(data[:_HEAD_BYTES]))
                if problem is not None:
                    raise problem
    except FileNotFoundError:
        raise LoadError("vanished while it was read") from None
    except (LoadError, StorageError):
        raise
    except Exception as error:  # a client library may raise anything
        raise LoadError(f"cannot be read: {describe_error(str(error), place.uri)}") from error
    return bytes(data)


def check_conditional_put(place: StorageLocation) -> None:
    """Nothing, when the store refuses to overwrite an object that a writer asked to create.

    Tables are committed so; a store that drops `If-None-Match` loses rows without a word. Costs
    two small writes and a deletion beside the index.

    Raises `StorageError`, saying so, or why the store cannot be written at all.
    """
    import obstore

    bucket, prefix = _split(place.uri)
    store = _open(bucket, place.options)
    key = f"{prefix}/{_PROBE}{secrets.token_hex(8)}".lstrip("/")
    with _translate_errors(place.uri):
        obstore.put(store, key, b"1", mode="create")
        try:
            obstore.put(store, key, b"2", mode="create")
        except obstore.exceptions.AlreadyExistsError:
            return
        finally:
            obstore.delete(store, key)
    raise StorageError(
        f"{place.uri}: this store overwrites what it was asked to create only (it ignores "
        "If-None-Match), and so would lose rows silently; nothing was written. Use a store with "
        "conditional writes (S3, GCS, Azure, MinIO, R2), without a proxy that drops the header"
    )


def describe_error(text: str, uri: str) -> str:
    """What a client's message means for a person; its first line where that is not known."""
    bucket = _split(uri)[0].partition("://")[2]
    for pattern, explanation in _ERRORS:
        if re.search(pattern, text):
            return explanation.format(bucket=bucket)
    return text.strip().splitlines()[0][:200] if text.strip() else "unknown error"


def _split(uri: str) -> tuple[str, str]:
    """ "s3://bucket/a/b/" -> ("s3://bucket", "a/b")."""
    scheme, _, rest = uri.partition("://")
    bucket, _, key = rest.partition("/")
    return f"{scheme}://{bucket}", key.strip("/")


@lru_cache(maxsize=16)  # a worker reads thousands of objects of one bucket
def _open(bucket: str, options: tuple[tuple[str, str], ...]) -> ObjectStore:
    try:
        from obstore.store import from_url
    except ImportError as error:
        raise RagkitError(missing_library("reading an object store", "obstore")) from error
    settings = retrying_options(dict(options))
    client: Any = {name: value for name, value in settings.items() if name in _CLIENT_OPTIONS}
    if os.environ.get("AWS_ALLOW_HTTP", "").lower() in ("1", "true"):
        client.setdefault("allow_http", "true")
    config: Any = {n: v for n, v in settings.items() if n not in _CLIENT_OPTIONS | _RETRY_OPTIONS}
    retry: Any = {"max_retries": int(settings["client_max_retries"])}
    try:
        open_any: Any = from_url  # its overloads name every option of every store
        store: ObjectStore = open_any(
            bucket,
            config=config,
            client_options={**client, "allow_http": client.get("allow_http") == "true"},
            retry_config=retry,
        )
        return store
    except Exception as error:  # an option or a scheme that the library does not know
        raise StorageError(f"{bucket}: {str(error).splitlines()[0][:200]}") from error


@contextmanager
def _translate_errors(uri: str) -> Iterator[None]:
    """The client's errors as `StorageError`s."""
    try:
        yield
    except RagkitError:
        raise
    except Exception as error:  # a client library may raise anything
        raise StorageError(f"{uri}: {describe_error(str(error), uri)}") from error
