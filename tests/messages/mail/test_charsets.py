"""Text in charsets that are declared, missing, wrong or no charsets at all."""

from __future__ import annotations

from encodings.aliases import aliases

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moderation.messages.mail.charsets import decode, mended
from moderation.messages.mail.problems import Problem

WRONG = {Problem.CHARSET}


@pytest.mark.parametrize(
    ("data", "charset", "text", "problems"),
    [
        (b"abc", "", "abc", set()),
        ("é".encode(), "utf-8", "é", set()),
        ("é".encode(), "", "é", set()),
        ("é".encode(), " UTF8 ", "é", set()),
        ("é".encode(), "us-ascii", "é", WRONG),
        ("é".encode(), "iso-8859-1", "é", WRONG),
        (b"\xe9", "ISO-8859-1", "é", set()),
        (b"\x93\xe9\x94", "latin1", "“é”", set()),
        (b"\xe9", "utf-8", "\ufffd", WRONG),
        (b"\xe9", "", "é", WRONG),
        (b"\xe9", "klingon", "é", WRONG),
        ("黄山".encode("gb18030"), "gb2312", "黄山", set()),
        ("광고".encode("cp949"), "ks_c_5601-1987", "광고", set()),
        ("日本".encode("iso-2022-jp"), "iso-2022-jp", "日本", set()),
        ("日本".encode(), "euc-jp", "日本", WRONG),
        (b"a+AOk-", "utf-7", "aé", set()),
        (b"a+2D0-", "utf-7", "a\ufffd", set()),
        (b"abc", "cp037", "abc", set()),
        (b"abc", "rot13", "abc", set()),
        ("é".encode(), "unicode_escape", "é", WRONG),
        ("é".encode(), "../../etc", "é", WRONG),
        (b"\x81", "cp1252", "\ufffd", set()),
    ],
)
def test_decoding(data, charset, text, problems):
    found = set()
    assert decode(data, charset, found) == text
    assert found == problems


@given(
    st.binary(max_size=40),
    st.sampled_from(sorted({*aliases, *aliases.values(), "idna", "punycode", "undefined", "unicode-escape"})) | st.text(),
)
def test_any_bytes_in_any_charset_become_text(data, charset):
    decode(data, charset, set()).encode()


@given(st.text(min_size=1), st.sampled_from(["utf-8", "utf-16", "gb18030", "utf-7", "UTF_8"]))
def test_what_is_declared_rightly_comes_back(text, charset):
    found = set()
    assert decode(text.encode(charset, "replace"), charset, found) == text.encode(charset, "replace").decode(charset)
    assert not found


def test_mojibake():
    assert mended("internet sÃ©lÃ©sai â€œmatiâ€\x9d") == 'internet sélésai "mati"'.replace('"mati"', "“mati”")
    assert mended("São Paulo, Â©, naïve") == "São Paulo, ©, naïve"
    for text in ("halo", "café", "ÂÃ"):
        assert mended(text) == text
