from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ragkit.loading.pdf.layout import lay_out as lay_out_pages
from ragkit.loading.pdf.page import Line, PageText
from ragkit.loading.pdf.structure import numbered_headings


def lay_out(pages: list[str]) -> list[str]:
    return lay_out_pages([PageText(tuple(map(Line, page.split("\n")))) for page in pages]).texts


def page(*lines: str) -> str:
    return lay_out(["\n".join(lines)])[0]


FULL = "the quick brown fox jumps over the lazy dog and then it runs"


def test_lines_of_a_paragraph_are_joined() -> None:
    assert page(f"First {FULL}", f"over {FULL}", "to the end.") == (
        f"First {FULL} over {FULL} to the end.\n"
    )


def test_a_short_last_line_ends_the_paragraph() -> None:
    text = page(f"One {FULL}", "ends here.", f"Another {FULL}", "ends there.")
    assert "ends here.\n\nAnother" in text


def test_a_heading_after_a_full_line_is_not_joined_to_it() -> None:
    text = page(f"One {FULL}.", "Backup Plan", f"Another {FULL}", "ends there.")
    assert "\n\nBackup Plan\nAnother" in text


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        pytest.param(["infor-", "mation"], "information", id="hyphen"),
        pytest.param(["infor\u00ad", "mation"], "information", id="soft hyphen"),
        pytest.param(["well-known and well-", "known"], "well-known and well-known", id="compound"),
        pytest.param(["pages 3-", "5 are"], "3- 5 are", id="numbers keep theirs"),
    ],
)
def test_words_are_joined_at_line_ends(lines: list[str], expected: str) -> None:
    assert expected in page(*lines)


def test_ligatures_and_bullets_become_what_they_stand_for() -> None:
    assert page("e\ufb03cient \ufb01sh") == "efficient fish\n"
    assert page("\uf0b7 one", "\uf0b7 two") == "• one\n• two\n"
    assert page("\ufee3\ufeae\ufea3\ufe92\ufe8e") == "مرحبا\n"


def test_a_bullet_on_its_own_line_joins_its_text() -> None:
    assert page("●", "What is it?", "●", "Why is it?") == "● What is it?\n● Why is it?\n"


def test_rows_of_tables_stay_rows() -> None:
    lines = ["Net sales $ 4,313 $ 4,014", "Cost of sales 2,015 1,990", "Margin 2,298 2,024"]
    assert page(*lines) == "\n".join(lines) + "\n"


def test_a_table_ends_with_a_blank_line() -> None:
    text = page("Sales 1 2", "Cost 3 4", f"The text {FULL}", f"goes {FULL}")
    assert "Cost 3 4\n\nThe text" in text


def test_headers_and_footers_are_dropped_but_for_the_first() -> None:
    pages = [f"Acme Annual Report\n{FULL} {n}a.\nMore {FULL}.\nEven more.\n{n}" for n in range(8)]
    texts = lay_out(pages)
    assert texts[0].startswith("Acme Annual Report")
    assert all("Acme" not in text for text in texts[1:])
    assert not any(text.rstrip().endswith(str(n)) for n, text in enumerate(texts))


def test_running_heads_that_change_with_the_chapter_are_dropped() -> None:
    pages = [f"Chapter {'ABCDEFGH'[n // 5]} of the book\n{FULL} {n}b.\nx.\ny." for n in range(40)]
    texts = lay_out(pages)
    assert sum("of the book" in text for text in texts) == 8


def test_margin_line_numbers_are_dropped() -> None:
    text = page("Words of the page.", *map(str, range(1, 32)), "More words.")
    assert "17" not in text
    assert "More words." in text


def test_few_numbers_on_lines_of_their_own_stay() -> None:
    assert "3" in page("Totals", "1", "2", "3")


def test_cjk_lines_are_joined_without_a_space() -> None:
    assert page("会議の記録を保存しました次の出荷は", "北海道の倉庫から行います。") == (
        "会議の記録を保存しました次の出荷は北海道の倉庫から行います。\n"
    )


@given(st.lists(st.text(alphabet="aB1.- \n$•:日", max_size=120), max_size=2))
def test_few_pages_lose_nothing_but_hyphens(pages: list[str]) -> None:
    def marks(texts: list[str]) -> str:
        return "".join("".join(texts).split()).replace("-", "")

    assert marks(lay_out(pages)) == marks(pages)
    assert len(lay_out(pages)) == len(pages)


def test_layout_is_linear() -> None:
    pages = ["\n".join(f"{FULL} {n} {m}" for m in range(40)) for n in range(300)]
    start = time.process_time()
    lay_out(pages)
    assert time.process_time() - start < 5


def test_named_headings_are_found() -> None:
    text = (
        "Item 1. Financial Statements 1\nItem 2. Controls 9\n\n"
        "PART I — FINANCIAL INFORMATION\nItem 1. Financial Statements\nNet sales rose.\n"
        "Item 2 of this report describes how the Company sees it.\nNote 7 – Benefit Plans\n"
    )
    assert [(h.level, h.title) for h in numbered_headings(text)] == [
        (1, "PART I — FINANCIAL INFORMATION"),
        (2, "Item 1. Financial Statements"),
        (3, "Note 7 – Benefit Plans"),
    ]


def test_numbered_headings_follow_on() -> None:
    body = f"\n{FULL}. {FULL}. {FULL}. {FULL}.\n"
    text = f"1 Introduction{body}2 Method{body}2.1 Setup{body}17 Monkeys{body}3 Results{body}"
    assert [(h.level, h.title) for h in numbered_headings(text)] == [
        (1, "1 Introduction"),
        (1, "2 Method"),
        (2, "2.1 Setup"),
        (1, "3 Results"),
    ]


def test_a_numbered_list_is_no_outline() -> None:
    assert numbered_headings("1. Apples\n2. Pears\n3. Plums\n4. Cherries\n") == ()
