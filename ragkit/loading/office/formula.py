"""Formulas of Office files (OMML) as plain text on one line: "x=(-b±√(b^2-4ac))/(2a)"."""

from __future__ import annotations

from typing import Any

from ragkit.loading.office.archive import local_name

# Element -> how its parts are written; a part of several signs stands in brackets.
_FORMS = {
    "f": ("{num}/{den}", ("num", "den")),
    "sSup": ("{e}^{sup}", ("e", "sup")),
    "sSub": ("{e}_{sub}", ("e", "sub")),
    "sSubSup": ("{e}_{sub}^{sup}", ("e", "sub", "sup")),
    "rad": ("{deg}√{e}", ("deg", "e")),
    "limLow": ("{e}_{lim}", ("e", "lim")),
    "limUpp": ("{e}^{lim}", ("e", "lim")),
}
_SUMS = "∫"


def formula_text(element: Any) -> str:
    """The text of a formula or a part of one."""
    name = local_name(element.tag)
    if name == "t":
        return element.text or ""
    if name in _FORMS:
        form, parts = _FORMS[name]
        return form.format(**{part: _part(element, part) for part in parts})
    if name == "nary":
        sign = _property(element, "chr", _SUMS)
        limits = [(mark, _part(element, part)) for mark, part in (("_", "sub"), ("^", "sup"))]
        bounds = "".join(f"{mark}{limit}" for mark, limit in limits if limit)
        return f"{sign}{bounds} {_inside(element, 'e')}"
    if name == "d":
        between = _property(element, "sepChr", "|")
        inner = [formula_text(child) for child in element if local_name(child.tag) == "e"]
        opening, closing = _property(element, "begChr", "("), _property(element, "endChr", ")")
        return f"{opening}{between.join(inner)}{closing}"
    if name == "mr":
        return ", ".join(formula_text(child) for child in element)
    if name == "m":
        rows = [formula_text(child) for child in element if local_name(child.tag) == "mr"]
        return f"[{'; '.join(rows)}]"
    return "".join(formula_text(child) for child in element)


def _inside(element: Any, name: str) -> str:
    return "".join(formula_text(child) for child in element if local_name(child.tag) == name)


def _part(element: Any, name: str) -> str:
    text = _inside(element, name)
    parts = [part for child in element if local_name(child.tag) == name for part in child]
    bracketed = len(parts) == 1 and local_name(parts[0].tag) == "d"
    return text if len(text) <= 1 or text.isalnum() or bracketed else f"({text})"


def _property(element: Any, name: str, default: str) -> str:
    """A sign that the properties of an element name; it may be none at all."""
    for properties in element:
        if local_name(properties.tag) == f"{local_name(element.tag)}Pr":
            for sign in properties:
                if local_name(sign.tag) == name:
                    value: str = next(iter(sign.attrib.values()), "")
                    return value
    return default
