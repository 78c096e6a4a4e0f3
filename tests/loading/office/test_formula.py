from __future__ import annotations

import pytest
from docx.oxml import parse_xml

from ragkit.loading.office.formula import formula_text

M = 'xmlns:m="http://schemas.openxmlformats.org/officeDocument/2006/math"'


def run(text: str) -> str:
    return f"<m:r><m:t>{text}</m:t></m:r>"


def fraction(above: str, below: str) -> str:
    return f"<m:f><m:num>{above}</m:num><m:den>{below}</m:den></m:f>"


@pytest.mark.parametrize(
    ("xml", "text"),
    [
        (run("E=mc"), "E=mc"),
        (fraction(run("a"), run("b+c")), "a/(b+c)"),
        (f"<m:sSup><m:e>{run('r')}</m:e><m:sup>{run('2')}</m:sup></m:sSup>", "r^2"),
        (f"<m:rad><m:deg/><m:e>{run('a+b')}</m:e></m:rad>", "√(a+b)"),
        (f"{run('f')}<m:d><m:e>{run('x')}</m:e></m:d>", "f(x)"),
        (
            "<m:nary><m:naryPr><m:chr m:val='∑'/></m:naryPr>"
            f"<m:sub>{run('n=1')}</m:sub><m:sup>{run('k')}</m:sup><m:e>{run('n')}</m:e></m:nary>",
            "∑_(n=1)^k n",
        ),
        (
            f"<m:m><m:mr><m:e>{run('a')}</m:e><m:e>{run('b')}</m:e></m:mr>"
            f"<m:mr><m:e>{run('c')}</m:e><m:e>{run('d')}</m:e></m:mr></m:m>",
            "[a, b; c, d]",
        ),
    ],
)
def test_formulas_are_read_on_one_line(xml: str, text: str) -> None:
    assert formula_text(parse_xml(f"<m:oMath {M}>{xml}</m:oMath>")) == text
