"""Promises of `OllamaModels`."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ragkit.errors import ModelError, ModelNotFoundError, ModelUnavailableError
from ragkit.models.ollama import OllamaChat, OllamaEmbedder, OllamaHost, OllamaModels, PullProgress
from ragkit.types import Message
from tests.ollama_double import DoubleModel, OllamaDouble


@pytest.fixture
def server() -> Iterator[OllamaDouble]:
    with OllamaDouble(library=[DoubleModel("tiny:latest", size=1000)]) as double:
        yield double


@pytest.fixture
def models(server: OllamaDouble) -> OllamaModels:
    return OllamaModels(OllamaHost(server.url, timeout=10), sleep=lambda _: None)


def test_the_version_is_what_the_server_says(models: OllamaModels) -> None:
    assert models.server_version() == "0.33.0"


def test_a_server_that_does_not_answer_within_a_second_is_given_up(server: OllamaDouble) -> None:
    server.hold()
    with pytest.raises(ModelUnavailableError, match="did not answer in time"):
        OllamaModels(OllamaHost(server.url)).server_version(seconds=0.1)


def test_installed_models_come_with_digest_and_size(
    server: OllamaDouble, models: OllamaModels
) -> None:
    listed = models.list_models()
    assert [model.name for model in listed] == list(server.models)
    first = listed[0]
    assert first.digest == server.models["embeddinggemma:latest"].digest
    assert first.size == 274_290_656
    assert (first.family, first.parameters, first.quantization) == ("gemma3", "300M", "F16")
    assert first.modified.startswith("2026-11-20T10:00:00")


def test_a_server_without_models_lists_none() -> None:
    with OllamaDouble([]) as server:
        assert OllamaModels(OllamaHost(server.url)).list_models() == ()


@pytest.mark.parametrize("name", ["gemma3", "gemma3:latest", "Gemma3"])
def test_an_installed_model_is_found_by_any_of_its_names(models: OllamaModels, name: str) -> None:
    found = models.find_model(name)
    assert found is not None
    assert found.name == "gemma3:latest"
    assert models.find_model("gemma") is None


def test_details_tell_what_a_model_can_do(models: OllamaModels) -> None:
    minilm = models.show_model("all-minilm")
    assert (minilm.can_embed, minilm.can_chat, minilm.can_think) == (True, False, False)
    assert (minilm.context_tokens, minilm.num_ctx, minilm.embedding_dimension) == (512, 256, 256)
    qwen = models.show_model("qwen3")
    assert (qwen.can_embed, qwen.can_chat, qwen.can_think) == (False, True, True)
    assert qwen.num_ctx is None


def test_on_an_old_server_the_name_and_family_tell_what_a_model_can_do(
    server: OllamaDouble, models: OllamaModels
) -> None:
    server.version = "0.6.3"
    for name, embeds in (("embeddinggemma", True), ("all-minilm", True), ("gemma3", False)):
        details = models.show_model(name)
        assert details.capabilities is None
        assert (details.can_embed, details.can_chat) == (embeds, not embeds)


def test_loaded_models_come_with_the_window_they_really_have(
    server: OllamaDouble, models: OllamaModels
) -> None:
    assert models.loaded_models() == ()
    assert OllamaEmbedder("all-minilm", models.host).max_tokens  # loads the model
    list(OllamaChat("gemma3", models.host).reply([Message("user", "Hi")], reply_tokens=9))
    loaded = {model.name: model.context_tokens for model in models.loaded_models()}
    assert loaded == {"all-minilm:latest": 256, "gemma3:latest": 8192}


def test_a_download_tells_its_bytes_as_it_goes(models: OllamaModels) -> None:
    steps = list(models.pull_model("tiny"))
    assert [step.status.split()[0] for step in steps] == [
        *["pulling"] * 6,
        "verifying",
        "writing",
        "success",
    ]
    assert [step.completed for step in steps if step.total] == [0, 250, 500, 750, 1000]
    assert models.find_model("tiny") is not None


def test_a_download_of_what_there_is_not_says_where_to_look(models: OllamaModels) -> None:
    with pytest.raises(ModelNotFoundError, match=r"no nothing to download.*ollama.com/library"):
        list(models.pull_model("nothing"))


@pytest.mark.parametrize("how", ["drop", "cut"])
def test_a_download_that_breaks_off_is_no_success(
    server: OllamaDouble, models: OllamaModels, how: str
) -> None:
    if how == "drop":
        server.drop_next(path="/api/pull")
    else:
        server.fail_next(status=200, body=b'{"status":"pulling manifest"}\n', path="/api/pull")
    with pytest.raises(ModelError, match=r"broke|stopped before tiny was complete"):
        list(models.pull_model("tiny"))


def test_a_model_is_made_of_another_with_its_own_rules(
    server: OllamaDouble, models: OllamaModels
) -> None:
    made = models.create_model(
        "brief", base="gemma3", system="Be brief.", parameters={"num_ctx": 2048}
    )
    assert list(made)[-1] == PullProgress("success")
    assert server.models["brief:latest"].system == "Be brief."
    assert models.show_model("brief").num_ctx == 2048


def test_a_model_of_what_is_not_installed_is_not_made(models: OllamaModels) -> None:
    with pytest.raises(ModelNotFoundError):
        list(models.create_model("brief", base="nothing"))


def test_a_deleted_model_is_gone_and_cannot_be_deleted_again(models: OllamaModels) -> None:
    models.delete_model("gemma3")
    assert models.find_model("gemma3") is None
    with pytest.raises(ModelNotFoundError, match="no model gemma3"):
        models.delete_model("gemma3")


def test_a_busy_server_is_waited_for(server: OllamaDouble, models: OllamaModels) -> None:
    server.fail_next(4, 503, "server busy")
    assert models.list_models()


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"[]", b"null", b'{"models": null}', b'{"models": [1]}']
)
def test_what_is_no_ollama_server_is_told(server: OllamaDouble, body: bytes) -> None:
    server.fail_next(status=200, body=body)
    with pytest.raises(ModelError, match="does not answer like an Ollama server"):
        OllamaModels(OllamaHost(server.url)).list_models()


def test_a_key_is_never_part_of_an_error() -> None:
    with OllamaDouble(key="right") as server:
        host = OllamaHost(server.url, headers={"Authorization": "Bearer wrong-secret"})
        with pytest.raises(ModelUnavailableError, match="ollama signin") as caught:
            OllamaModels(host).list_models()
    assert "wrong-secret" not in repr(caught.value)


def test_the_cloud_s_errors_name_the_key_and_its_own_list() -> None:
    from ragkit.models.ollama.client import load_vendor
    from ragkit.models.ollama.errors import translate_errors

    cloud = OllamaHost("https://ollama.com")
    vendor, _ = load_vendor()
    with pytest.raises(ModelUnavailableError, match="OLLAMA_API_KEY"), translate_errors(cloud, "x"):
        raise vendor.ResponseError("unauthorized", 401)
    with pytest.raises(ModelNotFoundError, match=r"search\?c=cloud"), translate_errors(cloud, "x"):
        raise vendor.ResponseError("model 'x' not found", 404)


def test_a_certificate_that_is_not_trusted_is_told() -> None:
    from ragkit.models.ollama.client import load_vendor
    from ragkit.models.ollama.errors import translate_errors

    host = OllamaHost("https://box")
    _, http = load_vendor()
    says = "certificate of https://box:443 is not trusted"
    with pytest.raises(ModelUnavailableError, match=says), translate_errors(host, "x"):
        raise http.ConnectError("[SSL: CERTIFICATE_VERIFY_FAILED] self-signed certificate")
