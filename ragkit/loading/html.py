"""HTML -> Markdown with its headings, lists, tables and code."""

from __future__ import annotations

from ragkit.loading.content import LoadedContent, LoadOptions
from ragkit.loading.headings import markdown_headings
from ragkit.loading.html_fallback import letters, markup_to_markdown, page_metadata, visible_text
from ragkit.loading.text_encoding import decode

# The converter takes about 60 bytes of memory for each byte of input.
_CONVERTER_CHARACTERS = 12_000_000
# Elements whose words stay without any mark: a link's address is noise, and marks of emphasis
# within a sentence keep it from being found and quoted.
_WORDS_ONLY = ["a", "abbr", "b", "cite", "del", "em", "font", "i", "ins", "mark", "q", "s", "small"]
_WORDS_ONLY += ["span", "strong", "sub", "sup", "u"]
# Of the letters a browser would show, the share that must reach the text.
_KEPT_SHARE = 0.97


def load_html(data: bytes, _options: LoadOptions) -> LoadedContent:
    """A page without scripts and styles; title, author and keywords become metadata."""
    decoded = decode(data, declared=True)
    text = html_to_text(decoded.text)
    return LoadedContent(
        text,
        headings=markdown_headings(text),
        media_type="text/markdown",
        notes=(decoded.note,) if decoded.note else (),
        metadata=page_metadata(decoded.text),
        lost_characters=max(0, letters(visible_text(decoded.text)) - letters(text)),
    )


def html_to_text(html: str) -> str:
    """Markdown of a page or a fragment. Linear time; nothing is fetched, nothing is run.

    html-to-markdown writes it. Where that loses text (markup nested deeper than a thousand, tables
    inside tables), our own plainer reading is taken.
    """
    if len(html) <= _CONVERTER_CHARACTERS:
        converted = _convert(html)
        if letters(converted) >= _KEPT_SHARE * letters(visible_text(html)):
            return converted
    return markup_to_markdown(html)


def _convert(html: str) -> str:
    import html_to_markdown

    options = html_to_markdown.ConversionOptions(
        preprocessing=html_to_markdown.PreprocessingOptions(enabled=False),
        strip_tags=_WORDS_ONLY,
        skip_images=True,
        compact_tables=True,
        bullets="-",
        extract_metadata=False,
        autolinks=False,
        hidden_content="reachable",
    )
    try:
        # Lone surrogates cannot be handed to it.
        result = html_to_markdown.convert(html.encode("utf-8", "replace").decode(), options)
    except Exception:  # noqa: BLE001  the vendor's errors share no base; the caller has another way
        return ""
    return result.content or ""
