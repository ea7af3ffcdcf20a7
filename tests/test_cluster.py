"""A folder of Parquet files scored by many processes: the same as by one, whatever happens to them."""

from __future__ import annotations

import json
import os
import signal
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from moderation import cluster
from moderation.classifier.model import save_model
from moderation.cluster import ShardDone, score_record_batches, score_shard, score_shards
from moderation.errors import CannotCreateError, DataError, ModelError, NoInputError, OutputError, UsageError
from moderation.messages.writing import open_alone
from moderation.policy import default_policy
from moderation.redaction import Redactor
from moderation.scoring import VERDICT_SCHEMA, Moderator, load
from tests.authored import TEXTS
from tests.cli.helpers import fails, run, shell

distributed = pytest.importorskip("distributed", reason="Dask is not installed")

CANARY = "KENARI-7f3a9"
SHARDS = [f"part-{n:02}.parquet" for n in range(8)]


@pytest.fixture(scope="module")
def model(tiny_model, tmp_path_factory) -> str:
    folder = tmp_path_factory.mktemp("models") / "tiny"
    save_model(tiny_model, folder)
    return str(folder)


@pytest.fixture
def parts(tmp_path) -> Path:
    folder = tmp_path / "in"
    (folder / "day=2").mkdir(parents=True)
    for number, name in enumerate(SHARDS):
        table = pa.table({"id": range(60), "text": [f"{TEXTS[n % len(TEXTS)]} {number} {CANARY}" for n in range(60)]})
        pq.write_table(table, folder / ("day=2" if number > 5 else ".") / name)
    return folder


@pytest.fixture
def here(monkeypatch):
    """A cluster that is this thread: tasks are done when they are given out."""

    class Task:
        def __init__(self, work, *args, retries, pure, **options):
            self.work = lambda: work(*args, **options)

        def result(self):
            return self.work()

    class Client:
        def __enter__(self):
            return self

        def __exit__(self, *_):
            return None

        submit = Task

    monkeypatch.setattr(cluster, "_client", lambda *_: Client())
    monkeypatch.setattr(cluster, "_finished", iter)


def contents(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def straight(parts: Path, model: str, target: Path, **options) -> dict[str, bytes]:
    """What one process makes of the files."""
    for path in parts.rglob("*.parquet"):
        out = target / path.relative_to(parts)
        out.parent.mkdir(parents=True, exist_ok=True)
        score_shard(str(path), str(out), model, **options)
    return contents(target)


def test_a_shard_is_what_score_writes(tmp_path, parts, model):
    shard = parts / SHARDS[0]
    assert score_shard(str(shard), str(tmp_path / "a.parquet"), model) == ShardDone(60, 0)
    assert run("score", shard, "--model", model, "-o", tmp_path / "b.parquet").code == 0
    assert (tmp_path / "a.parquet").read_bytes() == (tmp_path / "b.parquet").read_bytes()
    with pytest.raises(ModelError, match="another model"):
        score_shard(str(shard), str(tmp_path / "c.parquet"), model, fingerprint="0" * 64)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.parquet", "b.parquet", "in"]


@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_worker_that_is_killed_loses_nothing(tmp_path, parts, model):
    options = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": None, "silence_logs": 50}
    with distributed.LocalCluster(**options) as workers:
        victim = next(iter(workers.workers.values()))
        rows = 0
        for done in score_shards(parts, tmp_path / "out", workers.scheduler_address, model=model):
            rows += done.rows
            if victim is not None and done.rows:
                os.kill(victim.pid, signal.SIGKILL)
                victim = None
    assert victim is None
    assert rows == 480
    assert contents(tmp_path / "out") == straight(parts, model, tmp_path / "wanted")


@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
def test_from_the_shell(tmp_path, parts, model):
    entry = "from moderation.cli import run\nif __name__ == '__main__': run()"
    command = ["score", parts, "--model", model, "--cluster", "local", "--jobs", 1, "-o", tmp_path / "out", "--redact"]
    done = shell(*command, code=entry)
    assert (done.code, done.stdout, done.stderr) == (0, b"", "")
    assert contents(tmp_path / "out") == straight(parts, model, tmp_path / "wanted", redactor=Redactor())


def test_a_stopped_run_keeps_finished_files(tmp_path, parts, model, here):
    out = tmp_path / "out"
    run_ = score_shards(parts, out, model=model)
    assert next(run_).rows == 60
    run_.close()
    (finished,) = [name for name in contents(out) if not name.startswith(".")]
    (out / "notes.txt").write_text("mine")
    (out / f".{'0' * 16}.shard").write_text("half")
    (out / f"..{'0' * 16}.shard.partial").write_text("half")
    before = (out / finished).stat().st_ino
    with pytest.raises(CannotCreateError, match="--resume"):
        list(score_shards(parts, out, model=model))
    with pytest.raises(CannotCreateError, match="not the same options"):
        list(score_shards(parts, out, model=model, text_column="text", resume=True))
    assert sum(done.rows for done in score_shards(parts, out, model=model, resume=True)) == 420
    assert (out / finished).stat().st_ino == before
    assert contents(out) == straight(parts, model, tmp_path / "wanted") | {"notes.txt": b"mine"}
    with pytest.raises(CannotCreateError, match="no stopped run"):
        list(score_shards(parts, out, model=model, resume=True))
    assert sum(done.rows for done in score_shards(parts, out, model=model, force=True)) == 480
    assert (out / "notes.txt").exists()


def test_one_bad_file_does_not_keep_the_others(tmp_path, parts, model, here):
    damaged = parts / SHARDS[2]
    damaged.write_bytes(damaged.read_bytes()[:-9] + CANARY.encode())
    with pytest.raises(DataError, match=SHARDS[2]) as caught:
        list(score_shards(parts, tmp_path / "out", model=model))
    assert CANARY not in str(caught.value)
    assert len([name for name in contents(tmp_path / "out") if name.endswith(".parquet")]) == 7
    assert CANARY not in json.dumps((tmp_path / "out" / ".moderation.journal").read_text())


def test_what_is_refused(tmp_path, parts, model, here, monkeypatch):
    for target in (parts, parts / "out"):
        with pytest.raises(UsageError, match="lies in the folder"):
            list(score_shards(parts, target, model=model, force=True))
    with pytest.raises(NoInputError, match="no such folder"):
        list(score_shards(tmp_path / "none", tmp_path / "out", model=model))
    (tmp_path / "empty").mkdir()
    with pytest.raises(NoInputError, match="no Parquet file"):
        list(score_shards(tmp_path / "empty", tmp_path / "out", model=model))
    (tmp_path / "out").mkdir()
    with open_alone(tmp_path / "out" / ".moderation.lock"), pytest.raises(CannotCreateError, match="another run"):
        list(score_shards(parts, tmp_path / "out", model=model))
    fails(2, "score", parts, "--cluster", "local", says="-o FOLDER")
    fails(2, "score", parts, parts, "--cluster", "local", "-o", tmp_path / "o", says="one folder")


def test_no_scheduler_and_no_dask(tmp_path, parts, model, monkeypatch):
    monkeypatch.setattr(cluster, "CONNECT_SECONDS", 0.3)
    with pytest.raises(OutputError, match=r"no Dask scheduler answers at tcp://127\.0\.0\.1:9"):
        list(score_shards(parts, tmp_path / "out", "tcp://127.0.0.1:9", model=model))
    monkeypatch.setitem(__import__("sys").modules, "distributed", None)
    fails(2, "score", parts, "--model", model, "--cluster", "local", "-o", tmp_path / "o", says="moderation[cluster]")


def test_spark_gets_what_score_gives(parts, model):
    table = pq.read_table(parts / SHARDS[0])
    batches = table.to_batches(max_chunksize=7)
    scored = list(score_record_batches(iter(batches), model))
    assert [batch.num_rows for batch in scored] == [batch.num_rows for batch in batches]
    whole = pa.Table.from_batches(scored)
    assert whole.schema.equals(pa.schema([*table.schema, *VERDICT_SCHEMA]))
    assert whole.select(VERDICT_SCHEMA.names).equals(load(model).score(table["text"]))
    assert list(score_record_batches([], model)) == []
    assert list(score_record_batches([batches[0].slice(0, 0)], model)) == []
    with pytest.raises(DataError, match="no column 'x'"):
        list(score_record_batches(batches, model, text_column="x"))


def test_a_fingerprint_tells_models_and_policies_apart(tiny_model):
    same = Moderator(replace(tiny_model), default_policy())
    assert same.fingerprint == Moderator(tiny_model, default_policy()).fingerprint
    weights = tiny_model.weights.copy()
    weights[3, 2] += 1
    severe = replace(default_policy().categories[0], severity=0.123)
    others = [
        replace(same, model=replace(tiny_model, version="x")),
        replace(same, model=replace(tiny_model, weights=weights)),
        replace(same, model=replace(tiny_model, scale=tiny_model.scale * 2)),
        replace(same, model=replace(tiny_model, thresholds=tiny_model.thresholds[::-1])),
        replace(same, policy=replace(default_policy(), categories=(severe, *default_policy().categories[1:]))),
    ]
    assert len({same.fingerprint, *(other.fingerprint for other in others)}) == 6


def test_the_page_about_clusters_names_the_columns_of_a_verdict():
    page = (Path(__file__).parents[1] / "docs" / "cluster.md").read_text(encoding="utf-8")
    spark = {pa.float32(): "float", pa.string(): "string", pa.list_(pa.string()): "array<string>"}
    columns = [f"{field.name} {spark[field.type]}" for field in VERDICT_SCHEMA]
    assert ", ".join(columns) in page.replace('"\n    "', "")
