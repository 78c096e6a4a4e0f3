from __future__ import annotations

import codecs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ragkit.loading.detect_encoding import guess_encoding
from ragkit.loading.text_encoding import declared_encoding, decode

RUSSIAN = "Континент недвижимости: условия договора и порядок оплаты. " * 3
JAPANESE = "会議の記録を保存しました。次の出荷は北海道の倉庫から行います。"
CHINESE = "这个项目的主要目标是在明年完成所有的测试工作。" * 2
TAIWANESE = "這個計畫的主要目標是在明年完成所有的測試工作，並且公開結果。" * 2
KOREAN = "다음 회의는 수요일 오후에 서울 본사에서 열립니다. " * 2
ARABIC = "في قرية من القرى كان هناك رجل فقير لا يعرف أي شيء عن الحياة. " * 2
POLISH = "Imię,Wiek,Miasto\nŁukasz,30,Łódź\nŻaneta,25,Kraków\n"
FRENCH = "Prénom;Âge;Ville\nRené;30;Besançon\nZoé;25;Orléans, près de là\n"
SPANISH = (
    "¿Dónde está el archivo que pidió la señora Núñez? ¡Mañana cierra la oficina! "
    "El niño pequeño cumplirá ocho años; ¿acaso nadie avisó?\n¿Qué año nació?\n¿Cuánto costó?\n"
)
FRENCH_PROSE = "Où était l’élève ? À l’école, bien sûr : cet été, il a reçu des leçons près de là. "
POLISH_PROSE = "Gdzie są książki? Ktoś je wyniósł w nocy, mówiąc, że wróci później. "
CZECH = "Kde je nejbližší lékárna? Zítra bude zavřená, říkala paní učitelka. "
SLOVAK = "Čo sa stalo v škole? Učiteľka včera zabudla kľúče na stôl pri dverách, späť šla večer. "
HUNGARIAN = "Őszintén szólva nem tudom, hol őrzik a hűtőt; jövő kedden előkerül az erdőből. "
GERMAN = "Für größere Äpfel müssen wir früher aufstehen, sagte Frau Böhm. "
PORTUGUESE = "Não há razão para preocupação: a reunião será às três, na estação. "
ROMANIAN = "Numărul locuitorilor creşte în oraşele ţării, iar şcoala rămâne aşa cum a fost. "
CROATIAN = "Šuma je gušća, čempres ćemo sađati kraj kuće; žena šeta i čeka gošće. "
TURKISH = "Işıklar söndüğünde çocuklar şaşırdı, yağmur başladığı için dışarı çıkmadılar. "
ENGLISH = "It’s the team’s plan, and they’re sure we’ll find what isn’t there. "
GREEK = "Το επόμενο συμβούλιο θα γίνει την Τετάρτη στην Αθήνα και όλοι είναι καλεσμένοι. "


@pytest.mark.parametrize(
    ("data", "encoding"),
    [
        pytest.param(b"plain", "utf-8", id="ascii"),
        pytest.param("naïve 日本".encode(), "utf-8", id="utf-8"),
        pytest.param(codecs.BOM_UTF8 + "é".encode(), "utf-8", id="utf-8 with mark"),
        pytest.param("hello é".encode("utf-16"), "utf-16-le", id="utf-16 with mark"),
        pytest.param("hello é".encode("utf-32"), "utf-32-le", id="utf-32 with mark"),
        pytest.param("hello there".encode("utf-16-le"), "utf-16-le", id="utf-16-le bare"),
        pytest.param("hello there".encode("utf-16-be"), "utf-16-be", id="utf-16-be bare"),
        pytest.param("hello there".encode("utf-32-be"), "utf-32-be", id="utf-32-be bare"),
        pytest.param("名前,年齢\n佐藤,30\n".encode("utf-16-le"), "utf-16-le", id="Japanese, bare"),
        pytest.param(RUSSIAN.encode("utf-16-be"), "utf-16-be", id="Russian utf-16-be, bare"),
        pytest.param(JAPANESE.encode("iso2022_jp"), "iso2022_jp", id="Japanese in 7 bits"),
    ],
)
def test_unicode_is_recognised_without_a_note(data: bytes, encoding: str) -> None:
    decoded = decode(data)
    assert decoded.encoding == encoding
    assert decoded.note == ""
    assert not decoded.text.startswith("\ufeff")


def test_japanese_in_7_bits_may_have_narrow_letters_and_damage() -> None:
    narrow = f"{JAPANESE}\nﾃｽﾄ"
    assert decode(narrow.encode("iso2022_jp_ext")).text == narrow
    decoded = decode(f"{JAPANESE}\n{JAPANESE}".encode("iso2022_jp")[:-4])
    assert decoded.text.startswith(JAPANESE)
    assert "not valid" in decoded.note


def test_escape_sequences_of_a_terminal_are_no_japanese() -> None:
    text = "\x1b$ price \x1b[1mbold\x1b[0m \x1b$B\n"
    assert decode(text.encode()).text == text


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        pytest.param("Le café coûte 3 €, l'été à Zürich.", "cp1252", id="French"),
        pytest.param("Größe, Maß, Übung und Ärger", "cp1252", id="German"),
        pytest.param(RUSSIAN, "cp1251", id="Russian in windows-1251"),
        pytest.param(RUSSIAN, "koi8-r", id="Russian in KOI8-R"),
        pytest.param(JAPANESE, "cp932", id="Japanese in Shift-JIS"),
        pytest.param("名前,年齢,住所\n佐藤太郎,30,東京\n", "cp932", id="short Shift-JIS"),
        pytest.param(JAPANESE, "euc_jp", id="Japanese in EUC-JP"),
        pytest.param(CHINESE, "gb18030", id="Chinese in GB 18030"),
        pytest.param(TAIWANESE, "big5hkscs", id="Chinese in Big5"),
        pytest.param(KOREAN, "cp949", id="Korean in EUC-KR"),
        pytest.param(ARABIC, "cp1256", id="Arabic in windows-1256"),
        pytest.param(SPANISH, "cp1252", id="Spanish"),
        pytest.param(SPANISH.upper(), "cp1252", id="Spanish in capitals"),
        pytest.param(SPANISH * 40, "cp1252", id="long Spanish"),
        pytest.param(FRENCH_PROSE, "cp1252", id="French prose"),
        pytest.param(GERMAN, "cp1252", id="German prose"),
        pytest.param(PORTUGUESE, "cp1252", id="Portuguese"),
        pytest.param(ENGLISH, "cp1252", id="English with apostrophes"),
        pytest.param("32 °C, 40 °C, 51 °C, 60 °C", "cp1252", id="degrees"),
        pytest.param(POLISH_PROSE, "cp1250", id="Polish prose in windows-1250"),
        pytest.param(POLISH_PROSE, "iso8859-2", id="Polish prose in ISO 8859-2"),
        pytest.param(CZECH, "cp1250", id="Czech in windows-1250"),
        pytest.param(CZECH, "iso8859-2", id="Czech in ISO 8859-2"),
        pytest.param(SLOVAK, "cp1250", id="Slovak in windows-1250"),
        pytest.param(HUNGARIAN, "cp1250", id="Hungarian in windows-1250"),
        pytest.param(HUNGARIAN, "iso8859-2", id="Hungarian in ISO 8859-2"),
        pytest.param(ROMANIAN, "cp1250", id="Romanian in windows-1250"),
        pytest.param(CROATIAN, "cp1250", id="Croatian in windows-1250"),
        pytest.param(TURKISH, "cp1254", id="Turkish in windows-1254"),
        pytest.param(GREEK, "cp1253", id="Greek in windows-1253"),
        pytest.param(POLISH, "cp1250", id="Polish in windows-1250"),
        pytest.param(POLISH, "iso8859-2", id="Polish in ISO 8859-2"),
        pytest.param(FRENCH, "cp1252", id="French in windows-1252"),
        pytest.param(FRENCH, "mac-roman", id="French from an old Mac"),
        pytest.param(FRENCH, "cp850", id="French from DOS"),
        pytest.param("5 °C, 3 m², £9, ACME®, naïve, señor, ½ cup.", "cp1252", id="English signs"),
    ],
)
def test_other_encodings_are_guessed_and_reported(text: str, encoding: str) -> None:
    decoded = decode(text.encode(encoding))
    assert decoded.text == text
    assert "guessed" in decoded.note


def test_a_few_damaged_bytes_do_not_change_the_encoding() -> None:
    data = ("Grüße aus Zürich, schöne Übung. " * 3).encode() + b"\xff" + "ü".encode()[:1]
    decoded = decode(data)
    assert decoded.encoding == "utf-8"
    assert "Grüße aus Zürich" in decoded.text
    assert "2 damaged" in decoded.note


def test_a_guess_needs_evidence() -> None:
    assert guess_encoding("Ü".encode("cp1252")) == "cp1252"
    assert guess_encoding("21 °C".encode("cp1252")) == "cp1252"


MAINFRAME = "Dear Sir,\nthe mill key is blue; see page 12 of the book.\nYours, A. Miller\n"


@pytest.mark.parametrize("encoding", ["cp037", "cp500", "cp1140", "cp273"])
@pytest.mark.parametrize("line_end", ["\n", "\x85"])
def test_text_of_a_mainframe_is_read(encoding: str, line_end: str) -> None:
    decoded = decode(MAINFRAME.replace("\n", line_end).encode(encoding))
    assert decoded.text == MAINFRAME
    assert "EBCDIC" in decoded.note


def test_records_of_a_mainframe_become_lines() -> None:
    records = [line.ljust(80) for line in MAINFRAME.splitlines()]
    assert decode("".join(records).encode("cp037")).text == MAINFRAME.rstrip("\n")


@pytest.mark.parametrize(
    "data",
    [
        pytest.param("@café @été @né " * 20, id="signs"),
        pytest.param("a@b.c\n" * 20 + "é", id="addresses"),
        pytest.param(RUSSIAN, id="Russian"),
    ],
)
@pytest.mark.parametrize("encoding", ["cp1251", "cp1252", "koi8-r"])
def test_other_text_is_not_of_a_mainframe(data: str, encoding: str) -> None:
    assert "EBCDIC" not in decode(data.encode(encoding, "replace")).note


@pytest.mark.parametrize(
    ("text", "name", "encoding"),
    [
        pytest.param("Größe é", "utf-7", "utf-7", id="UTF-7"),
        pytest.param("己所不欲", "hz-gb-2312", "hz", id="HZ"),
        pytest.param("다음 회의는", "iso-2022-kr", "iso2022_kr", id="ISO-2022-KR"),
    ],
)
def test_encodings_in_7_bits_count_only_when_declared(text: str, name: str, encoding: str) -> None:
    data = text.encode(encoding)
    declared = decode(f"# coding: {name}\n".encode() + data, declared=True)
    assert declared.text.endswith(text)
    assert decode(data).encoding == "utf-8"


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        pytest.param("¿Dónde está la señora Núñez? Mañana.", "cp1252", id="Spanish"),
        pytest.param("À l'été prochain, forêt et cœur", "cp1252", id="French"),
        pytest.param("Informações não estão disponíveis", "cp1252", id="Portuguese"),
        pytest.param("Perché la città è così?", "cp1252", id="Italian"),
        pytest.param("Grüße aus Köln: Äpfel, Öl, Maß", "cp1252", id="German"),
        pytest.param("Blåbærsyltetøy på brødet", "cp1252", id="Norwegian"),
        pytest.param("L'àvia col·loca maçanes i pinyó", "cp1252", id="Catalan"),
        pytest.param("Łódź leży w środkowej Polsce, źródło", "cp1250", id="Polish"),
        pytest.param("Příliš žluťoučký kůň úpěl ďábelské ódy", "cp1250", id="Czech"),
        pytest.param("Árvíztűrő tükörfúrógép, hűtő", "cp1250", id="Hungarian"),
        pytest.param("Įlinkdama fechtuotojo špaga blykčiojo", "cp1257", id="Lithuanian"),
        pytest.param("Пожалуйста, закройте дверь.", "cp1251", id="Russian"),
        pytest.param("Καλημέρα σας, πώς είστε;", "cp1253", id="Greek"),
        pytest.param("เป็นมนุษย์สุดประเสริฐเลิศคุณค่า", "cp874", id="Thai"),
    ],
)
def test_one_line_is_enough(text: str, encoding: str) -> None:
    assert decode(text.encode(encoding)).text == text


@pytest.mark.parametrize(
    "mark",
    ["café", "5 °C", "10 µm", "© ACME®", "José Núñez", "Škoda", "x²", "Þór", "“so”", "½ cup"],
)
@pytest.mark.parametrize("times", [1, 2, 40])
def test_signs_and_names_in_english_are_windows_1252(mark: str, times: int) -> None:
    text = f"The report mentions {mark} among other things, as agreed.\n" * times
    assert decode(text.encode("cp1252")).text == text


@pytest.mark.parametrize(
    ("data", "encoding"),
    [
        pytest.param(b'<meta charset="windows-1251">', "cp1251", id="charset"),
        pytest.param(b"<meta content='text/html; charset=iso-8859-1'>", "cp1252", id="http-equiv"),
        pytest.param(b'<?xml version="1.0" encoding="Shift_JIS"?>', "cp932", id="XML prolog"),
        pytest.param(b"# -*- coding: latin-1 -*-\n", "cp1252", id="coding line"),
        pytest.param(b"<meta charset=zip>", "", id="a codec that is no encoding"),
        pytest.param(b"<meta charset=punycode>", "", id="a codec that is not linear"),
        pytest.param(b"<meta charset=x-unknown>", "", id="unknown"),
        pytest.param(b"no declaration", "", id="none"),
    ],
)
def test_declarations_are_found(data: bytes, encoding: str) -> None:
    assert declared_encoding(data) == encoding


def test_a_declaration_counts_only_when_it_is_true() -> None:
    page = b"<meta charset=utf-8>" + ARABIC.encode("cp1256")
    decoded = decode(page, declared=True)
    assert ARABIC in decoded.text
    assert decoded.encoding == "cp1256"


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_every_line_ending_becomes_one_newline(ending: str) -> None:
    assert decode(ending.join(["a", "b", "", "c"]).encode()).text == "a\nb\n\nc"


@given(st.binary(max_size=300), st.booleans())
def test_any_bytes_become_text(data: bytes, declared: bool) -> None:
    assert "\r" not in decode(data, declared=declared).text


@given(st.text(st.characters(exclude_characters="\r\0", exclude_categories=["Cs"]), max_size=200))
def test_utf_8_comes_back_unchanged(text: str) -> None:
    assert decode(codecs.BOM_UTF8 + text.encode()).text == text
