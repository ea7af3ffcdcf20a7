"""Masks and markup of sources are undone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moderation.corpus.repair import REPAIRS, strip_forum, strip_html, unmask


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("USER goblok", "@user goblok"),
        ("RT USER USER: hai", "RT @user @user: hai"),
        ("@USER she", "@user she"),
        ("[USER] dan [USERNAME]", "@user dan @user"),
        ("<USER>halo", "@user" + "halo"),
        ("lihat URL", "lihat http://link.example"),
        ("lihat [URL]", "lihat http://link.example"),
        ("paket <NUM> Mbps", "paket 123 Mbps"),
        ("&lt;#&gt; min", "123 min"),
        ("call &lt;DECIMAL&gt;", "call 123"),
        ("hub <PHONE>", "hub 081234567890"),
        ("[SENSITIVE-NO]", "081234567890"),
        ("my USERNAME and USERS, curl", "my USERNAME and USERS, curl"),
        ("the user's url", "the user's url"),
        ("@user tetap", "@user tetap"),
    ],
)
def test_masks(text, meaning):
    assert unmask(text) == meaning


def test_quoted_posts_go_even_when_nested():
    text = (
        "[QUOTE=a;1]satu [quote=b]dua[/quote] tiga[/QUOTE]\nempat [B]lima[/B] [img]http://x/y.jpg[/img] [url=http://z]enam[/url]"
    )
    assert strip_forum(text).split() == ["empat", "lima", "enam"]


def test_an_unclosed_quote_loses_its_tag_only():
    assert strip_forum("[QUOTE=a]satu dua").strip() == "satu dua"


def test_forum_leaves_other_brackets():
    assert strip_forum("[FULL] a[0] [b]x[/b]") == "[FULL] a[0] x"


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("satu<br />dua", "satu dua"),
        ('see <a href="http://x.y/z">this</a>', "see http://link.example this"),
        ("<style>p {}</style><p>a &amp; b</p>", "a & b"),
        ("<!-- no --><!DOCTYPE html>yes", "yes"),
        ("1 < 2 and 3 > 2", "1 < 2 and 3 > 2"),
    ],
)
def test_html(text, meaning):
    assert " ".join(strip_html(text).split()) == meaning


def test_names_mac_quotes_and_mojibake():
    assert REPAIRS["names"]("halo nama1, apa kabar") == "halo , apa kabar"
    assert REPAIRS["mac-quotes"]("ÒhereÕs ÑÓ") == "“here’s —”"
    assert REPAIRS["mojibake"]("terima kasih ðŸ™\x8f") == "terima kasih 🙏"


@given(st.text(alphabet=st.sampled_from(list("[]<>/=QUOTEquoteUSRLNMimgb#@ \n"))))
def test_repairs_take_any_text_and_leave_no_mask(text):
    for repair in REPAIRS.values():
        repair(text)
    assert "[USER]" not in unmask(text)
    assert unmask(unmask(text)) == unmask(text)
