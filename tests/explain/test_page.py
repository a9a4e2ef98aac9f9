"""Parts of a page that are filled in after it was written."""

from markupsafe import Markup

from explain.page import fill

PAGE = "<p>before</p><!-- pages --><i>old</i><!-- /pages --><p>after</p>"


def test_what_stands_between_the_marks_is_replaced_as_often_as_wanted() -> None:
    once = fill(PAGE, {"pages": Markup("<b>new</b>")})
    assert once == "<p>before</p><!-- pages --><b>new</b><!-- /pages --><p>after</p>"
    assert fill(once, {"pages": Markup("<i>old</i>")}) == PAGE


def test_a_page_without_both_marks_stays_whole() -> None:
    for page in (PAGE.replace("<!-- /pages -->", ""), PAGE.replace("<!-- pages -->", ""), "<p>none</p>"):
        assert fill(page, {"pages": Markup("<b>new</b>")}) == page
