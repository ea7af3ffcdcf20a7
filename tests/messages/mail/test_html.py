"""HTML as a person sees it, whatever the markup."""

from __future__ import annotations

import html
import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moderation.messages.mail.html import Seen, seen, text_of

HIDDEN = [
    "<p style='display:none'>x</p>",
    "<p style='DISPLAY : none !important; color: red'>x</p>",
    "<p style=display:none>x</p>",
    "<p style='display:block;display:none'>x</p>",
    "<p style='display:none !important;display:block'>x</p>",
    "<p style='visibility:hidden'>x</p>",
    "<span style='font-size:0'>x</span>",
    "<span style='font-size:0px'>x</span>",
    "<span style='font-size:0.0em'><b>x</b></span>",
    "<span style='font-size:0'><b style='font-size:100%'>x</b></span>",
    "<span style='opacity:0'>x</span>",
    "<div style='max-height:0;overflow:hidden'>x</div>",
    "<div style='overflow:hidden;width:0px'><p style='font-size:12px'>x</p></div>",
    "<p hidden>x</p>",
    "<p HIDDEN=''>x</p>",
    "<div hidden><div>x</div>x</div>",
    "<script>x<b>x</b></script>",
    "<style>p { content: 'x' }</style>",
    "<template><p>x</p></template>",
    "<title>x</title>",
    "<iframe><p>x</p></iframe>",
    "<noframes>x</noframes>",
    "<!-- x <p>x</p> -->",
    "<!--[if mso]><p>x</p><![endif]-->",
    "<![if !mso]>",
    "<?xml x?>",
    "<!doctype x>",
    "<img alt='x' src='x'>",
    "<a href='x>x' title=\"x>x\"></a>",
    "<script>x</script\n>",
]

SEEN = [
    "<p style='font-size:0.5px'>x</p>",
    "<p style='font-size:0'><b style='font-size:12px'>x</b></p>",
    "<p style='visibility:hidden'><b style='visibility:visible'>x</b></p>",
    "<p style='opacity:0.4'>x</p>",
    "<p style='display:none;display:block'>x</p>",
    "<p style='display:none/*'>x</p><p>x",
    "<p style='height:0'>x</p>",
    "<p style='max-height:0px'>x</p>",
    "<p style='font-size:0'></p>x",
    "<p class=hidden>x</p>",
    "<p data-hidden='hidden'>x</p>",
    "<head><p>x",
    "<p hidden><p>x",
    "<p hidden><div>x</div>",
    "<li hidden><li>x",
    "<td hidden><td>x",
    "<tr hidden><tr><td>x",
    "<div><span hidden></div>x",
    "<br hidden>x",
    "<b x'>x</b '>",
    "<p title=it's>x",
    "<!-->x",
    "<!--->x",
    "<!-- a --!>x",
    "</x>x",
    "< p>x",
    "<textarea hidden>x</textarea>",
    "<object>x</object>",
    "&#120;",
    "&#x78;",
]


BY_A_SHEET = [
    "<style>.x{display:none}</style><p class=x>x</p>",
    "<p class='a x'>x</p><style type='text/css'>\n<!-- .x , div.x { color:red; display : none } --></style>",
    "<style>p.x{visibility:hidden}</style><p class=x>x</p>",
    "<style>#x{opacity:0}</style><div id=x>x</div>",
    "<style>.x{font-size:0;line-height:0} td,p{font-size:14px}</style><p class=x>x</p>",
    "<style>.x{overflow:hidden} .y{max-height:0}</style><p class='x y'>x</p>",
    "<style>@import url(x);@media print{.z{color:red}} .x{display:none}</style><p class=x>x</p>",
    "<style>@font-face{font-family:x}.x{background:url(data:a{};b) ; display:none}</style><p class=x>x</p>",
    "<style>.x{display:none!important}</style><p class=x style='display:block'>x</p>",
    "<style>.x{display:block!important}</style><p class=x style='display:none!important'>x</p>",
    "<style>center{display:none}</style><center>x</center>",
    "<style>.x{display:none;content:'}'}</style><p class=x>x</p>",
]

NOT_BY_A_SHEET = [
    "<style>.x{display:none}</style><p class=X>x</p>",
    "<style>.x{display:none}</style><p class='y&#160;x'>x</p>",
    "<style>.x{display:none}</style><p class=x style='display:block'>x</p>",
    "<style>.x{display:none}</style><style>.x{display:block}</style><p class=x>x</p>",
    "<style>.x{display:none} @media (max-width:9px){td .x{display:block!important}}</style><p class=x>x</p>",
    "<style>@media (max-width:9px){.x{display:none}}</style><p class=x>x</p>",
    "<style>.y .x{display:none} .x:hover{display:none}</style><p class=x>x</p>",
    "<style>.x,?{display:none}</style><p class=x>x</p>",
    "<style>}.x{display:none}</style><p class=x>x</p>",
    "<style>;.x{display:none}</style><p class=x>x</p>",
    "<style>a{b:'\n} .x{display:none} '}</style><p class=x>x</p>",
    "<style>a{b:'} .x{display:none} '}</style><p class=x>x</p>",
    "<style>a{b:(;} .x{display:none;b:)}</style><p class=x>x</p>",
    "<style>.x{y{display:none}}</style><p class=x>x</p>",
    "<style>.x{displ ay:none;display:no ne;font-size:0 px;opacity:0px}</style><p class=x>x</p>",
    "<style media=print>.x{display:none}</style><p class=x>x</p>",
    "<style title=a>.x{display:none}</style><p class=x>x</p>",
    "<style type=text/x>.x{display:none}</style><p class=x>x</p>",
    "<!-- <style>.x{display:none}</style> --><p class=x>x</p>",
    "<p title='<style>.x{display:none}</style>' class=x>x</p>",
    "<template><style>.x{display:none}</style></template><p class=x>x</p>",
    "<textarea><style>.x{display:none}</style></textarea><p class=x>x</p>",
    "<style>.x{display:block!important}</style><p class=x style='display:none'>x</p>",
    "<style>.X{display:block!important}</style><p class=x style='display:none'>x</p>",
    "<style>.a\\:x{display:block!important}</style><p class=a:x style='display:none'>x</p>",
    "<style>[y]{display:block!important}</style><p class=x style='display:none'>x</p>",
    "<style>a{b:'/*'}.x{display:block!important}a{b:'*/'}</style><p class=x style='display:none'>x</p>",
    "<style>a{b:url(/*)}.x{display:block!important}a{b:url(*/)}</style><p class=x style='display:none'>x</p>",
    "<style>.x{display:block!important</style><p class=x style='display:none'>x</p>",
    "<style>[hidden]{display:block}</style><p hidden>x</p>",
    "<p hidden style='display:block'>x</p>",
    "<p style='a:(;display:none;b:)'>x</p>",
    "<p style='a:\";display:none;b:\"'>x</p>",
    "<p style='display:no ne'>x</p>",
]


@pytest.mark.parametrize("document", BY_A_SHEET)
def test_hidden_by_a_sheet(document):
    assert text_of(f"a{document}c").split() == ["a", "c"]


@pytest.mark.parametrize("document", NOT_BY_A_SHEET)
def test_what_a_sheet_may_show_is_seen(document):
    assert text_of(f"a{document}").split()[-1].endswith("x")


@pytest.mark.parametrize(
    "document",
    [
        "<style>" + ".x{display:none}" * 30_000 + "</style><p class=x>",
        "<style>" + "a" * 500_000 + " b{display:block}</style><p>",
        "<style>" + "{" * 500_000,
        "<style>" + "@" * 500_000 + "</style>",
        "<style>" + "/*" * 250_000 + "</style>",
        "<style>" + "url(" * 125_000 + "</style>",
        "<style>" + "@a;" * 160_000 + "b{display:block}</style>",
        "<style>" + "'" * 500_001 + "</style>",
        "<style>" + "(" * 250_000 + ")" * 250_000 + "</style>",
        "<style>" + ",".join(f".x{n}" for n in range(70_000)) + "{display:block}</style><p>",
        "<style>p{display:block}</style>" + "<p>" * 160_000,
        "<p>" * 160_000 + "<style>p{display:block}</style>",
        "<style></style>" * 30_000,
        "<style>.x{display:none}</style>" + "<p class='" + "x " * 240_000 + "'>",
        "<style>.x{display:none}</style>" + "<p class=x>" * 45_000,
    ],
)
def test_sheets_take_no_time(document):
    start = time.process_time()
    text_of(document)
    assert time.process_time() - start < 2


@pytest.mark.parametrize("document", HIDDEN)
def test_hidden(document):
    assert text_of(f"a{document}c").split() == ["a", "c"] or text_of(f"a{document}c") == "ac"


@pytest.mark.parametrize("document", SEEN)
def test_seen(document):
    assert "x" in text_of(f"a{document}")


@pytest.mark.parametrize(
    ("document", "text"),
    [
        ("satu<br>dua<br/>tiga", "satu\ndua\ntiga"),
        ("<div>satu</div><div>dua</div>", "satu\ndua"),
        ("<p>satu</p>\n<p>dua</p>", "satu\n\ndua"),
        ("<div><div><p>satu</p></div></div><p>dua", "satu\n\ndua"),
        ("a<b>b</b>c <i> d</i>", "abc d"),
        ("<table><tr><td>1<td>2<tr><td>3</table>", "1 2\n3"),
        ("<ul><li>satu<li>dua</ul>", "satu\ndua"),
        ("  satu\n\t dua&nbsp; tiga  ", "satu dua tiga"),
        ("<pre>a\n  b</pre>", "a\nb"),
        ("a &lt;b&gt; &amp;amp; &euro;", "a <b> &amp; €"),
        ("&#" + "9" * 10_000 + ";a&#xFFFFFFFFFFF;", "\ufffda\ufffd"),
        ("1 < 2 & 3 > 2", "1 < 2 & 3 > 2"),
        ("a\0b\1c", "a\ufffdb\ufffdc"),
        ("", ""),
        ("<textarea>a <b></textarea>c", "a <b>\nc"),
    ],
)
def test_text(document, text):
    assert re.sub(" +", " ", text_of(document)) == text


@pytest.mark.parametrize(
    "quote",
    [
        '<div class="gmail_quote gmail_quote_container">{}</div>',
        '<blockquote type="cite">{}</blockquote>',
        "<div class=yahoo_quoted>{}</div>",
        '<div class="moz-cite-prefix">{}</div>',
        '<div class=gmail_quote><div class="gmail_signature">{}</div></div>',
    ],
)
def test_quotes(quote):
    parts = seen(f"baru {quote.format('lama <b>lama</b>')} lagi")
    assert (parts.new.split(), parts.quoted, parts.signature) == (["baru", "lagi"], "lama lama", "")


def test_signatures_and_indentation():
    assert seen('<p>baru<div class="moz-signature">-- <br>Budi</div>') == Seen("baru", "", "--\nBudi")
    assert seen("<blockquote>menjorok</blockquote><p class='my_gmail_quote'>x") == Seen("menjorok\n\nx", "", "")


WORDS = st.lists(st.sampled_from(["satu", "dua", "é", "<", "&", ">", '"', "'"]), max_size=6)
TREES = st.recursive(
    WORDS.map(lambda words: " ".join(map(html.escape, words))),
    lambda inner: st.builds(
        "<{0} class=x>{1}</{0}>".format,
        st.sampled_from(["div", "p", "b", "table", "span"]),
        st.lists(inner, max_size=3).map(" ".join),
    ),
    max_leaves=8,
)


@given(TREES)
def test_well_formed_markup_leaves_all_words(document):
    plain = html.unescape(re.sub(r"<[^>]*>", " ", document))
    assert "".join(text_of(document).split()) == "".join(plain.split())
    assert text_of(f"a<div hidden>{document}</div>b").split() == ["a", "b"]


@given(
    st.lists(st.sampled_from([*HIDDEN, *SEEN, "<", ">", '"', "'", "=", "<div", "</div>", "<!--", "&", "\n"]), max_size=12).map(
        "".join
    )
)
def test_any_markup_gives_text(document):
    parts = seen(document)
    assert sorted("".join("".join(parts).split())) == sorted("".join(text_of(document).split()))


@pytest.mark.parametrize(
    "unit",
    [
        "<div>",
        "<b><p>",
        "<li><ul>",
        '<a ="" ="',
        "<a ",
        "<!",
        "<!--",
        "<table><td>",
        "<p style='/*",
        "&#9",
        "<pre> ",
        "</b>",
        "</p>",
    ],
)
def test_time_grows_with_length(unit):
    start = time.process_time()
    text_of(unit * (200_000 // len(unit)))
    assert time.process_time() - start < 2
