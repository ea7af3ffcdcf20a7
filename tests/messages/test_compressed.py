"""Compressed inputs: the same rows as unpacked, what is left of damaged ones, and bombs."""

from __future__ import annotations

import bz2
import contextlib
import gzip
import io
import json
import sys
import types

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from moderation.errors import DataError, OutputError
from moderation.messages.compressed import Unpacked, codec_of, inner_name
from moderation.messages.reading import read
from tests.messages.helpers import read_all, read_rows, read_texts


def zstd(data: bytes) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, "zstd") as stream:
        stream.write(data)
    return sink.getvalue().to_pybytes()


PACK = {"gz": gzip.compress, "bz2": bz2.compress, "zst": zstd}
CODECS = {"gz": "gzip", "bz2": "bz2", "zst": "zstd"}
CONTENTS = {
    "a.csv": b"id,text\n1,satu\n2,dua\n",
    "a.tsv": b"id\ttext\n1\tsatu\n2\tdua\n",
    "a.jsonl": b'{"text": "satu"}\n{"text": "dua"}\n',
    "a.json": b'["satu", "dua"]',
    "a.txt": b"satu\ndua",
    "chat.txt": b"31/12/23 22.15 - Budi: satu\n31/12/23 22.16 - Budi: dua\n",
    "a": b"satu\ndua",
    "a.mbox": b"From a@b Mon Jan  1 00:00:00 2024\nSubject: satu\n\n\nFrom a@b Mon Jan  1 00:00:00 2024\nSubject: dua\n\n\n",
}


@pytest.mark.parametrize("suffix", PACK)
@pytest.mark.parametrize("name", CONTENTS)
def test_the_rows_are_those_of_the_unpacked_file(tmp_path, monkeypatch, suffix, name):
    (tmp_path / f"{name}.{suffix}").write_bytes(PACK[suffix](CONTENTS[name]))
    assert read_texts(tmp_path / f"{name}.{suffix}") == ["satu", "dua"]
    (tmp_path / "noname").write_bytes(PACK[suffix](CONTENTS[name]))
    if name not in ("a.tsv", "a.csv"):
        assert read_texts(tmp_path / "noname") == ["satu", "dua"]
    monkeypatch.setattr(sys, "stdin", types.SimpleNamespace(buffer=io.BytesIO(PACK[suffix](CONTENTS[name]))))
    assert read_texts("-") == ["satu", "dua"]


def test_folders_hold_them_too(tmp_path):
    for name in ("b.csv.gz", "c.JSONL.GZ", "d.txt.zst", "ignored.py.gz", "ignored.gz"):
        (tmp_path / name).write_bytes(gzip.compress(b'{"text": "a"}\n' if "JSONL" in name else b"text\na\n"))
    rows = read_rows(tmp_path)
    assert [row["path"].rpartition("/")[2] for row in rows] == ["b.csv.gz", "c.JSONL.GZ", "d.txt.zst", "d.txt.zst"]


def test_names():
    assert inner_name("a/b.csv.gz") == "a/b.csv"
    assert inner_name("a.csv.ZST") == "a.csv"
    assert inner_name("a.csv") == "a.csv"
    assert inner_name("gz") == "gz"


class Trickle(io.BytesIO):
    """A stream that gives little at a time."""

    def read(self, size=-1, /):
        return super().read(min(size, 5))


@given(st.lists(st.binary(max_size=200_000), max_size=3), st.sampled_from(sorted(PACK)), st.integers(1, 100_000))
def test_any_bytes_come_back(blocks, suffix, size):
    packed = b"".join(PACK[suffix](block) for block in blocks)  # one stream after the other
    if not packed:
        return
    assert codec_of(packed) == CODECS[suffix]
    unpacked = Unpacked(io.BytesIO(packed), CODECS[suffix], "a")
    pieces = list(iter(lambda: unpacked.read(size), b""))
    assert b"".join(pieces) == b"".join(blocks)
    assert all(len(piece) == size for piece in pieces[:-1])  # fewer only at the end


def test_a_slow_stream():
    assert Unpacked(Trickle(gzip.compress(b"halo" * 1_000)), "gzip", "a").read(10_000) == b"halo" * 1_000


@pytest.mark.parametrize("suffix", PACK)
def test_rows_before_damage_are_kept(tmp_path, suffix):
    rows = [f"pesan {n * 7919 % 100_003}" for n in range(300_000)]
    packed = PACK[suffix]("\n".join(rows).encode())
    path = tmp_path / f"a.txt.{suffix}"
    for damaged in (packed[: len(packed) * 4 // 5], packed[:-3], packed[:-50] + bytes(50)):
        path.write_bytes(damaged)
        texts: list[str] = []
        batches = (batch.texts.to_pylist() for batch in read([str(path)], text_column=None, batch_rows=1_000))
        with pytest.raises(DataError, match=r"a.txt.\w+: the compressed data are damaged or end too early"):
            texts.extend(text for batch in batches for text in batch)
        assert len(texts) > 100_000
        assert texts == rows[: len(texts)]


@given(st.binary(max_size=60), st.sampled_from([b"\x1f\x8b", b"BZh9", b"\x28\xb5\x2f\xfd"]))
def test_noise_is_damage(noise, magic):
    unpacked = Unpacked(io.BytesIO(magic + noise), codec_of(magic), "a")
    with contextlib.suppress(DataError):
        assert len(unpacked.read(10)) <= 10


@pytest.mark.parametrize("suffix", PACK)
def test_bombs_are_stopped(tmp_path, monkeypatch, suffix):
    monkeypatch.setattr("moderation.messages.compressed.UNPACKED_GRACE_BYTES", 100_000)
    monkeypatch.setattr("moderation.messages.compressed.MAX_UNPACKED_RATIO", 20)
    path = tmp_path / f"a.txt.{suffix}"
    path.write_bytes(PACK[suffix](b"\n" * 5_000_000))
    with pytest.raises(DataError, match="bomb"):
        read_all(path)
    path.write_bytes(PACK[suffix](b"\n" * 90_000))  # so little harms nobody
    assert sum(batch.table.num_rows for batch in read_all(path)) == 90_000


def test_packed_twice_and_a_packed_archive(tmp_path):
    for content, says in [(gzip.compress(b"a"), "compressed"), (b"a" * 257 + b"ustar", "tar archive")]:
        (tmp_path / "a.gz").write_bytes(gzip.compress(content))
        with pytest.raises(DataError, match=says):
            read_all(tmp_path / "a.gz")


def test_nothing_packed(tmp_path):
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(b""))
    assert read_all(tmp_path / "a.csv.gz") == []


def test_packed_parquet(tmp_path):
    import pyarrow.parquet as pq

    sink = io.BytesIO()
    pq.write_table(pa.table({"text": ["a"]}), sink)
    (tmp_path / "a.parquet.gz").write_bytes(gzip.compress(sink.getvalue()))
    assert read_texts(tmp_path / "a.parquet.gz") == ["a"]


def test_a_disk_that_fails(monkeypatch):
    class Failing(io.BytesIO):
        def read(self, size=-1, /):
            block = super().read(min(size, 100_000))
            if not block:
                raise OSError(5, "Input/output error")
            return block

    noise = json.dumps([n * 7919 % 100_003 for n in range(200_000)]).encode()
    monkeypatch.setattr(sys, "stdin", types.SimpleNamespace(buffer=Failing(gzip.compress(noise)[:-9])))
    with pytest.raises(OutputError, match="standard input: Input/output error"):
        read_all("-")
