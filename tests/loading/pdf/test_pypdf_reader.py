from __future__ import annotations

from ragkit.loading import LoadOptions
from ragkit.loading.pdf.pypdf_reader import open_with_pypdf, read_with_pypdf


def test_a_page_that_takes_too_long_costs_only_itself(make_pdf) -> None:  # type: ignore[no-untyped-def]
    slow = "\n".join(["a line of many"] * 3000)
    data = make_pdf(["The first page.", slow, "The last page."])
    pages = read_with_pypdf(open_with_pypdf(data, ()), range(3), LoadOptions(page_seconds=0.005))
    first, second, last = pages
    assert (first.text.strip(), last.text.strip()) == ("The first page.", "The last page.")
    assert second.problem == "it takes more than 0.005 s"
