from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Mapping, Sequence

import pytest

MakePdf = Callable[..., bytes]
MakeZip = Callable[..., bytes]


def build_pdf(
    pages: Sequence[str],
    *,
    outline: Sequence[tuple[str, int]] = (),
    title: str = "",
    password: str = "",
    picture: bool = False,
    labels: str = "",
) -> bytes:
    """A PDF whose pages show these lines. `picture` puts a large image on every page, `labels`
    is the style of the page labels ("/r" for roman numbers)."""
    import pypdf
    from pypdf.generic import DecodedStreamObject, DictionaryObject, NameObject, NumberObject

    writer = pypdf.PdfWriter()
    font = DictionaryObject(
        {
            NameObject("/Type"): NameObject("/Font"),
            NameObject("/Subtype"): NameObject("/Type1"),
            NameObject("/BaseFont"): NameObject("/Helvetica"),
            NameObject("/Encoding"): NameObject("/WinAnsiEncoding"),
        }
    )
    for text in pages:
        page = writer.add_blank_page(612, 792)
        resources = DictionaryObject(
            {NameObject("/Font"): DictionaryObject({NameObject("/F"): font})}
        )
        if picture:
            image = DecodedStreamObject()
            image.set_data(b"\0")
            for key, value in (("/Width", 1000), ("/Height", 1000), ("/BitsPerComponent", 8)):
                image[NameObject(key)] = NumberObject(value)
            image[NameObject("/ColorSpace")] = NameObject("/DeviceGray")
            image[NameObject("/Subtype")] = NameObject("/Image")
            objects = DictionaryObject({NameObject("/I"): writer._add_object(image)})
            resources[NameObject("/XObject")] = objects
        page[NameObject("/Resources")] = resources
        stream = DecodedStreamObject()
        picture_drawn = b"q 500 0 0 500 50 50 cm /I Do Q\n" if picture else b""
        stream.set_data(picture_drawn + _draw(text))
        page[NameObject("/Contents")] = writer._add_object(stream)
    for entry, number in outline:
        writer.add_outline_item(title=entry, page_number=number)
    if title:
        writer.add_metadata({"/Title": title, "/CreationDate": "D:20240131120000Z"})
    if labels:
        writer.set_page_label(0, len(pages) - 1, style=labels)
    if password:
        writer.encrypt(password, algorithm="AES-256")
    target = io.BytesIO()
    writer.write(target)
    return target.getvalue()


def _draw(text: str) -> bytes:
    lines = [b"BT /F 10 Tf 12 TL 40 750 Td"]
    for line in text.split("\n"):
        escaped = line.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)")
        lines.append(b"(" + escaped.encode("cp1252") + b") Tj T*")
    return b"\n".join([*lines, b"ET"]) if text else b""


def build_zip(parts: Mapping[str, str | bytes], *, encrypted: bool = False) -> bytes:
    """A zip file of these parts; `encrypted` only says that it is."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    data = bytearray(target.getvalue())
    if encrypted:
        start = data.find(b"PK\1\2")
        while start >= 0:
            data[start + 8] |= 1
            start = data.find(b"PK\1\2", start + 4)
    return bytes(data)


@pytest.fixture
def make_pdf() -> MakePdf:
    return build_pdf


@pytest.fixture
def make_zip() -> MakeZip:
    return build_zip
