"""How often the encoding of a text is guessed right: one line, a paragraph, a page.

    python -m pip install --target /tmp/django django
    python scripts/bench/encodings.py /tmp/django/django

The texts are the translated messages of Django's catalogues, which are short, real sentences in
forty languages. A guess is right when it decodes to the text. English texts get Western signs and
names put in, which must not make them Polish or DOS.
"""

from __future__ import annotations

import argparse
import gettext
import random
import re
import sys
from collections import Counter, defaultdict
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from ragkit.loading.detect_encoding import guess_encoding

LANGUAGES = {
    "cp1252 iso8859-15 mac-roman cp850": "es fr pt pt_BR it de nl sv da nb fi ca is gl",
    "cp1250 iso8859-2 cp852": "pl cs sk hu ro hr sl sq",
    "cp1254": "tr az",
    "cp1257": "et lv lt",
    "cp1253 iso8859-7": "el",
    "cp1251 koi8-r cp866 iso8859-5": "ru uk bg sr mk be",
    "cp1255": "he",
    "cp1256": "ar fa",
    "cp874": "th",
    "cp932": "ja",
    "gb18030": "zh_Hans",
    "big5hkscs": "zh_Hant",
    "cp949": "ko",
}
SIZES = {"line": 1, "paragraph": 5, "page": 40}
# fmt: off
SIGNS = [
    "café", "5 °C", "½ cup", "£9", "© 2021 ACME", "it’s", "“quoted”", "wait…", "3–5", "€ 12", "±3",
    "José Núñez", "Ångström", "Žižek", "Škoda", "10 µm", "§ 4", "x²", "3×4", "Müller & Söhne",
    "Brontë", "façade", "Straße", "Þór", "ACME®", "¿qué?", "São Paulo", "ÜBER",
]
# fmt: on
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|%[sd]|\{[^}]*\}|<[^>]*>|\s+")


def messages(django: Path, language: str) -> list[str]:
    """The translated messages of one language, each once."""
    found: dict[str, None] = {}
    for path in sorted(django.glob(f"**/locale/{language}/LC_MESSAGES/django.mo")):
        with path.open("rb") as file:
            catalogue = gettext.GNUTranslations(file)._catalog  # type: ignore[attr-defined]
        for text in catalogue.values():
            found.setdefault(PLACEHOLDER.sub(" ", text).strip())
    return list(found)


def encoded(texts: list[str], encoding: str) -> list[str]:
    """Those that the encoding has all letters of, and that are not ASCII."""
    return [text for text in texts if not text.isascii() and round_trips(text, encoding)]


def round_trips(text: str, encoding: str) -> bool:
    try:
        return text.encode(encoding).decode(encoding) == text
    except UnicodeError:
        return False


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("django", type=Path)
    django = parser.parse_args().django
    choose = random.Random(1)
    for encodings, languages in LANGUAGES.items():
        for encoding in encodings.split():
            right: Counter[str] = Counter()
            count: Counter[str] = Counter()
            wrong: defaultdict[str, Counter[str]] = defaultdict(Counter)
            for language in languages.split():
                usable = encoded(messages(django, language), encoding)
                for size, lines in SIZES.items():
                    for _ in range(60 if len(usable) >= lines else 0):
                        text = "\n".join(choose.sample(usable, lines))
                        guessed = guess_encoding(text.encode(encoding))
                        good = text.encode(encoding).decode(guessed, "replace") == text
                        right[size] += good
                        count[size] += 1
                        if not good:
                            wrong[language][guessed] += 1
            shares = "  ".join(f"{s} {100 * right[s] / count[s]:5.1f} %" for s in SIZES if count[s])
            print(f"{encoding:12}{shares}  {dict(sum(wrong.values(), Counter()))}"[:200])
    english = [text for text in messages(django, "en_GB") if text.isascii() and len(text) > 30]
    for signs in (1, 2, 4):
        good = 0
        for _ in range(300):
            words = choose.choice(english).split(" ")
            for _ in range(signs):
                words.insert(choose.randrange(len(words) + 1), choose.choice(SIGNS))
            text = " ".join(words)
            good += text.encode("cp1252").decode(guess_encoding(text.encode("cp1252"))) == text
        print(f"English line with {signs} signs: {good} of 300")


if __name__ == "__main__":
    main()
