"""An equation is read on one line, as it is typed, so that no fraction, root or index is lost or changes its reach."""

import pytest
from lxml import html

from index.reading.equation import linear_equation

PARSER = html.HTMLParser(huge_tree=True)


def line(mathml):
    return linear_equation(html.fragment_fromstring(f"<math>{mathml}</math>", parser=PARSER))


X, Y, TWO, SUM = "<mi>x</mi>", "<mi>y</mi>", "<mn>2</mn>", "<mrow><mi>x</mi><mo>+</mo><mi>y</mi></mrow>"


@pytest.mark.parametrize(
    ("mathml", "text"),
    [
        (f"{Y}<mo>=</mo><mfrac>{SUM}{TWO}</mfrac>", "y = (x+y)/2"),
        (f"<mfrac><mn>1,250</mn><mrow>{TWO}{X}</mrow></mfrac>", "1,250/(2x)"),
        (f"<mfrac><mfrac>{X}{Y}</mfrac>{TWO}</mfrac>{X}", "(x/y)/2 x"),
        (f"<mfrac linethickness='0'>{X}{TWO}</mfrac>", "x choose 2"),
        (f"<msup>{X}{TWO}</msup>{Y}<mo>≤</mo><mn>7</mn>", "x^2 y ≤ 7"),
        (f"<msup><mrow><mo>(</mo>{SUM}<mo>)</mo></mrow>{SUM}</msup>", "(x+y)^(x+y)"),
        (f"<msup><mn>10</mn><mrow><mo>−</mo>{TWO}</mrow></msup>", "10^(−2)"),
        (f"<msub>{X}<mi>max</mi></msub><mo>&lt;</mo><msubsup>{Y}<mn>1</mn>{TWO}</msubsup>", "x_max < y_1^2"),
        (f"<munderover><mo>∑</mo>{X}{Y}</munderover>{TWO}", "∑_x^y 2"),
        (f"<msqrt>{X}<mo>+</mo>{TWO}</msqrt><msqrt>{TWO}</msqrt>", "√(x+2)√2"),
        (f"<mroot>{X}<mn>3</mn></mroot>", "x^(1/3)"),
        (f"<mover>{X}<mo>¯</mo></mover><mo>=</mo><msup>{Y}<mo>′</mo></msup>", "x¯ = y′"),
        (f"<mi>sin</mi><mo>&#x2061;</mo>{X}<mo>&#x2062;</mo>{Y}", "sin xy"),
        ("<mn>2.5</mn><mtext> km</mtext><mo>=</mo><mtext>way gone</mtext>", "2.5 km = way gone"),
        (f"<mi>f</mi><mo>(</mo>{X}<mo>,</mo>{Y}<mo>)</mo>", "f(x, y)"),
        (
            (
                f"<mo>[</mo><mtable><mtr><mtd>{X}</mtd><mtd>{Y}</mtd></mtr><mtr><mtd>{TWO}</mtd><mtd>{X}</mtd></mtr></mtable>"
                "<mo>]</mo>"
            ),
            "[x, y; 2, x]",
        ),
        (f"<semantics>{X}<annotation>\\vec x</annotation></semantics>", "x"),
        ("<annotation>E=mc</annotation>", "E=mc"),
        ("", ""),
    ],
)
def test_an_equation_is_written_as_it_is_typed(mathml, text):
    assert line(mathml) == text


def test_an_equation_nested_without_end_keeps_its_signs():
    assert line(f"{'<mrow>' * 1_500}{X}{'</mrow>' * 1_500}") == "x"
