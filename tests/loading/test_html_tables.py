from __future__ import annotations

import time

import pytest

from ragkit.loading import load
from ragkit.loading.html import html_to_text, markup_to_markdown

HEADER = (
    "<tr><th rowspan=2>Segment</th><th colspan=2>Three Months | Ended</th></tr>"
    "<tr><th>June 25, 2022</th><th>June 26, 2021</th></tr>"
)
BODY = (
    "<tr><td rowspan=2>Americas</td><td>1</td><td>2</td></tr><tr><td>3</td><td>4</td></tr>"
    "<tr><td>Total</td><td colspan=2>9</td></tr>"
)
FLAT = (
    "| Segment | Three Months \\| Ended June 25, 2022 | Three Months \\| Ended June 26, 2021 |\n"
    "| --- | --- | --- |\n| Americas | 1 | 2 |\n| Americas | 3 | 4 |\n| Total | 9 |  |"
)


@pytest.mark.parametrize("convert", [html_to_text, markup_to_markdown])
def test_header_rows_become_one_in_both_readings(convert) -> None:  # type: ignore[no-untyped-def]
    table = f"<table><thead>{HEADER}</thead><tbody>{BODY}</tbody></table>"
    text = convert(f"<p>in millions:</p>{table}<p>after</p>{table}<p>end</p>")
    assert text.strip() == f"in millions:\n\n{FLAT}\n\nafter\n\n{FLAT}\n\nend"


def test_header_rows_need_no_thead() -> None:
    table = f"<table>{HEADER}{BODY}</table>"
    assert FLAT in html_to_text(table)
    assert FLAT in html_to_text(table.replace("<th", "<td").replace("</th", "</td"))


def test_a_caption_and_a_title_stand_before_the_table() -> None:
    title = "<tr><td colspan=3>by segment</td></tr>"
    text = html_to_text(f"<table><caption>Net sales</caption>{title}{HEADER}{BODY}</table>")
    assert text.strip() == f"Net sales\n\nby segment\n\n{FLAT}"


def test_signs_of_figures_come_together() -> None:
    page = (
        "<table><tr><td></td><td colspan=6>Ended</td></tr>"
        "<tr><td></td><td colspan=3>2022</td><td colspan=3>2021</td></tr>"
        "<tr><td>Sales<td>$<td>5<td><td>$<td>6<td></tr>"
        "<tr><td>Loss<td colspan=2>(5<td>)<td colspan=2>6<td></tr></table>"
    )
    assert html_to_text(page).strip() == (
        "|  | Ended 2022 | Ended 2021 |\n| --- | --- | --- |\n"
        "| Sales | $5 | $6 |\n| Loss | (5) | 6 |"
    )


def test_a_plain_table_and_one_that_holds_a_table_stay_as_they_are() -> None:
    plain = "<table><tr><th>a</th><th>b</th></tr><tr><td>1</td><td>2</td></tr></table>"
    assert html_to_text(plain).strip() == "| a | b |\n| --- | --- |\n| 1 | 2 |"
    text = html_to_text(f"<table><tr><td colspan=2>x{plain}</td><td>y</td></tr></table>")
    for word in ("a", "b", "1", "2", "x", "y"):
        assert word in text


def test_repeated_names_do_not_hide_what_is_lost() -> None:
    page = f"<table>{HEADER}{BODY}</table><p>words</p>"
    assert load(page.encode(), "a.html").lost_characters == 0


def test_many_merged_cells_take_linear_time() -> None:
    row = "<tr>" + "<td colspan=1000 rowspan=1000>a</td>" * 20 + "</tr>"
    for page in (f"<table>{row * 300}</table>", f"<ul><li><table>{row}</table></ul>" * 300):
        started = time.process_time()
        assert len(html_to_text(page)) < 20_000_000
        assert time.process_time() - started < 10
