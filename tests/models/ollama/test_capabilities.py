"""Promises of `ragkit.models.ollama.capabilities`."""

from __future__ import annotations

import pytest

from ragkit.models.ollama import check_options, parse_options


@pytest.mark.parametrize(
    ("text", "key", "value"),
    [
        ("temperature=0.2", "temperature", 0.2),
        ("temperature=0", "temperature", 0.0),
        ("top_p=1", "top_p", 1.0),
        ("top_k=40", "top_k", 40),
        ("num_predict=512", "num_predict", 512),
        ("seed=-7", "seed", -7),
        ("num_ctx=4096", "num_ctx", 4096),
        ("stop=END", "stop", ["END"]),
        ("stop=a=b", "stop", ["a=b"]),
        (" top_k = 3 ", "top_k", 3),
    ],
)
def test_an_option_is_read_into_its_type(text: str, key: str, value: object) -> None:
    assert parse_options([text]) == {key: value}
    assert type(parse_options([text])[key]) is type(value)


@pytest.mark.parametrize("text", ["num_gpu=1", "Temperature=1", "=1", "min_p=0.1"])
def test_an_unknown_key_is_refused_naming_the_known_ones(text: str) -> None:
    with pytest.raises(
        ValueError, match="temperature, top_p, top_k, num_predict, seed, num_ctx, stop"
    ):
        parse_options([text])


@pytest.mark.parametrize(
    "text",
    [
        "temperature=warm",
        "temperature=-1",
        "temperature=nan",
        "temperature=inf",
        "top_p=1.5",
        "top_k=1.5",
        "top_k=",
        "num_predict=0",
        "num_predict=-1",
        "num_ctx=10",
        "seed=1e3",
        "stop=",
        "temperature",
    ],
)
def test_a_value_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"must be|write it like"):
        parse_options([text])


def test_several_stops_add_up_and_of_other_keys_the_last_counts() -> None:
    texts = ["stop=a", "top_k=1", "stop=b", "top_k=2"]
    assert parse_options(texts) == {"stop": ["a", "b"], "top_k": 2}


def test_values_from_python_are_checked_alike() -> None:
    given = {"temperature": 1, "stop": ("a", "b"), "top_k": 3.0, "seed": "4"}
    assert check_options(given) == {"temperature": 1.0, "stop": ["a", "b"], "top_k": 3, "seed": 4}


@pytest.mark.parametrize("value", [None, True, [1], [""], object()])
@pytest.mark.parametrize("key", ["temperature", "top_k", "stop"])
def test_values_of_other_types_are_refused(key: str, value: object) -> None:
    with pytest.raises(ValueError, match=f"{key} must be"):
        check_options({key: value})
