"""From sources, authored messages and annotations to one file, and what the command line says about it."""

import json

import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from moderation.categories import CATEGORIES
from moderation.corpus.__main__ import app
from moderation.corpus.annotations import COLUMNS, text_key
from moderation.corpus.build import SCHEMA, build
from moderation.corpus.datasheet import datasheet
from moderation.corpus.sources import load_sources
from moderation.corpus.splitting import voice_split
from moderation.errors import CannotCreateError, DataError, NoInputError, UsageError

DECLARATION = """
[[source]]
name = "spam"
paths = ["spam/a.csv"]
reader = "csv"
encoding = "utf-8"
text = "text"
lang = "id"
channel = "sms"
origin = "o"
licence = "l"
licence_class = "open"
[source.labels.spam]
yes = "label == 1"
no = "label == 0"

[[source]]
name = "tweets"
paths = ["tweets/a.csv"]
reader = "csv"
encoding = "utf-8"
text = "text"
lang = "id"
channel = "social"
origin = "o"
licence = "l"
licence_class = "nc"
weight = 0.5
[source.labels.abusive]
yes = "label == 1"
[source.labels.spam]
no = true
[source.labels.threatening]
no = true

[[source]]
name = "bench"
paths = ["bench/a.csv"]
reader = "csv"
encoding = "utf-8"
text = "text"
lang = "id"
channel = "social"
origin = "o"
licence = "l"
licence_class = "open"
clean = true
benchmark = true

[[source]]
name = "plain"
paths = ["plain/a.csv"]
reader = "csv"
encoding = "utf-8"
text = "text"
lang = "id"
channel = "chat"
origin = "o"
licence = "l"
licence_class = "open"
"""


@pytest.fixture
def place(tmp_path):
    files = {
        "spam": "text,label\npinjaman cair lima menit,1\nnanti sore jadi ke rumah,0\nasu kowe,1\nhalo kak selamat pagi,0\n",
        "tweets": "text,label\nPinjaman CAIR lima menit,0\nasu kowe,1\ndasar pekok,1\n",
        "bench": "text,label\nakan dites,0\n",
        "plain": "text,label\nbiznet anjing,0\ntidak dibaca siapa pun,0\n",
    }
    for name, content in files.items():
        (tmp_path / "shared" / name).mkdir(parents=True)
        (tmp_path / "shared" / name / "a.csv").write_text(content)
    (tmp_path / "sources.toml").write_text(DECLARATION)
    authored = tmp_path / "data" / "authored"
    authored.mkdir(parents=True)
    message = {"lang": "jv", "channel": "chat", "voice": "a/tono"}
    lines = [
        {"id": "a-1", "text": "halo kak, selamat pagi", "labels": [], "tag": "ordinary"},
        {"id": "a-2", "text": "asu kowe", "labels": ["abusive"], "tag": "insult-staff"},
    ]
    (authored / "a.jsonl").write_text("".join(json.dumps(message | line) + "\n" for line in lines))
    annotations = tmp_path / "data" / "annotations"
    annotations.mkdir()
    (annotations / "plain.csv").write_text(f"{','.join(COLUMNS)}\n{text_key('biznet anjing')},1,0,0,0,0,A,AS\n")
    return tmp_path


def built(place, classes, **changes):
    out = place / "build" / "rows.parquet"
    sources = load_sources(place / "sources.toml")
    report = build(place / "shared", out, classes, place / "data", sources=sources, **changes)
    table = pq.read_table(out)
    return report, table, {row["text"]: row for row in table.to_pylist()}


def labels(row):
    return [row[category] for category in CATEGORIES]


def test_everything(place):
    report, table, rows = built(place, ("open", "nc"))
    assert table.schema == SCHEMA
    assert list(rows) == [
        "halo kak, selamat pagi",
        "asu kowe",
        "pinjaman cair lima menit",
        "nanti sore jadi ke rumah",
        "dasar pekok",
        "biznet anjing",
    ]
    # What was authored goes before what two sources say of the same text.
    assert labels(rows["asu kowe"]) == [1, 0, 0, 0, 0]
    assert (rows["asu kowe"]["source"], rows["asu kowe"]["licence_class"]) == ("authored", "open")
    assert (rows["asu kowe"]["tag"], rows["asu kowe"]["voice"]) == ("insult-staff", "a/tono")
    assert rows["asu kowe"]["split"] == voice_split("a/tono")
    # One source says spam, the other no: unknown. The strictest licence and the smallest weight stay.
    assert labels(rows["pinjaman cair lima menit"]) == [None, 0, None, None, None]
    assert (rows["pinjaman cair lima menit"]["licence_class"], rows["pinjaman cair lima menit"]["weight"]) == ("nc", 0.5)
    assert report.conflicts == {"abusive": 0, "threatening": 0, "hoax": 0, "hate": 0, "spam": 1}
    # Annotated, though its source says nothing.
    assert labels(rows["biznet anjing"]) == [1, 0, 0, 0, 0]
    assert [(count.source, count.before, count.after) for count in report.sources] == [
        ("authored", 2, 2),
        ("spam", 4, 2),
        ("tweets", 3, 1),
        ("plain", 1, 1),
    ]
    plain = report.sources[-1]
    assert (plain.annotated, plain.unlabelled) == (1, 1)
    assert sum(report.splits.values()) == table.num_rows


def test_a_row_about_which_all_contradict_each_other_goes(place):
    path = place / "shared" / "tweets" / "a.csv"
    path.write_text("text,label\nnanti sore jadi ke rumah,0\n")
    text = place / "sources.toml"
    text.write_text(text.read_text().replace("no = true\n[source.labels.threatening]\nno = true", "yes = true"))
    report, _, rows = built(place, ("open", "nc"))
    assert report.conflicts["spam"] == 1
    assert "nanti sore jadi ke rumah" not in rows


def test_open_leaves_others_out(place):
    report, table, rows = built(place, ("open",))
    assert "dasar pekok" not in rows
    assert labels(rows["pinjaman cair lima menit"]) == [None, None, None, None, 1]
    assert set(table["licence_class"].to_pylist()) == {"open"}
    assert "tweets" not in {count.source for count in report.sources}


def test_benchmarks_never_come_in(place):
    assert "akan dites" not in built(place, ("open", "nc"))[2]


def test_a_source_can_be_held_out(place):
    rows = built(place, ("open",), held_out=("spam",))[2]
    assert {row["split"] for row in rows.values() if row["source"] == "spam"} == {"test"}


def test_the_same_twice(place):
    assert built(place, ("open", "nc"))[1].equals(built(place, ("open", "nc"))[1])


def test_what_cannot_be_done(place):
    with pytest.raises(UsageError, match="licence class"):
        built(place, ("free",))
    with pytest.raises(UsageError, match="hold out"):
        built(place, ("open",), held_out=("nobody",))
    with pytest.raises(NoInputError):
        built(place, ("research",))
    (place / "build").write_text("in the way")
    with pytest.raises(CannotCreateError):
        built(place, ("open",))


def test_command_line(place, monkeypatch):
    monkeypatch.setattr("moderation.corpus.build.load_sources", lambda: load_sources(place / "sources.toml"))
    out = place / "out.parquet"
    where = ["--shared", str(place / "shared"), "--data", str(place / "data"), "-o", str(out)]
    result = CliRunner().invoke(app, ["build", "--classes", "all", *where])
    assert result.exit_code == 0, result.output
    assert result.stdout == ""
    assert "tweets" in result.stderr
    assert pq.read_table(out).num_rows == 6
    result = CliRunner().invoke(app, ["check", str(place / "data" / "authored")])
    assert result.exit_code == 0
    assert "2 messages, 0 findings" in result.stdout
    result = CliRunner().invoke(app, ["check", str(place)])
    assert isinstance(result.exception, NoInputError)
    result = CliRunner().invoke(app, ["datasheet", "-o", str(place / "README.md"), "--data", str(place / "data")])
    assert result.exit_code == 0
    assert "2 messages" in (place / "README.md").read_text()


def test_findings_end_the_check_with_an_error(place):
    path = place / "data" / "authored" / "a.jsonl"
    path.write_text(path.read_text().replace("ordinary", "odd"))
    result = CliRunner().invoke(app, ["check", str(path.parent)])
    assert isinstance(result.exception, DataError)
    assert "unknown tag: a-1" in result.stdout


def test_datasheet_names_every_source_and_its_licence(tmp_path, place):
    page = datasheet(tmp_path / "nothing here")
    for source in load_sources():
        assert f"### {source.name}\n" in page
        assert source.licence in page
        assert source.origin in page
    assert "None yet." in page
    page = datasheet(place / "data", load_sources(place / "sources.toml"))
    assert "| plain | 1 | 1 | 0 | 0 | 0 | 0 | 0.0 % |" in page
    assert "| label | clean 1, abusive 1 |" in page
