"""Scoring by many machines: a folder of Parquet files in, a folder of as many out, one task a file.

What a machine runs is a plain function that anyone can import: `score_shard` from file to file, `score_record_batches` from
Arrow to Arrow, which is what Spark's ``mapInArrow`` takes. The path of the model travels, not the model; a machine loads it
once and refuses to work with another than the one that was asked for.
"""

from __future__ import annotations

import contextlib
import importlib
import logging
import os
import re
import secrets
import signal
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from moderation import __version__
from moderation.errors import CannotCreateError, ModelError, ModerationError, NoInputError, OutputError, UsageError
from moderation.messages import parquet
from moderation.messages.batch import ReadProblems
from moderation.messages.journal import Facts, Journal, Progress, input_facts
from moderation.messages.reading import read
from moderation.messages.writing import open_alone, open_writer
from moderation.registry import model_folder
from moderation.scoring import Moderator, load, score_batch, score_batches

if TYPE_CHECKING:
    from moderation.redaction import Redactor

LOCAL = "local"
CONNECT_SECONDS = 30
RETRIES = 2
"""How often a file is tried again after an error; one that went down with its machine is given to another besides."""

_WAIT_SECONDS = 0.5
_JOURNAL, _LOCK = ".moderation.journal", ".moderation.lock"
_PART = re.compile(r"\.[0-9a-f]{16}\.shard|\.\.[0-9a-f]{16}\.shard\.partial")


@dataclass(frozen=True)
class ShardDone:
    """A file that is scored: how many rows it has, and how many byte sequences in it were no text."""

    rows: int
    replaced_sequences: int


@lru_cache(maxsize=2)
def _moderator(model: str | None, fingerprint: str | None) -> Moderator:
    """The moderator of this process; loaded once.

    Raises:
        ModelError: The model here is another than the one with the fingerprint.
    """
    moderator = load(model)
    if fingerprint not in (None, moderator.fingerprint):
        raise ModelError(f"{model}: this machine has another model or policy there than the one that gives out the work")
    return moderator


def score_shard(
    input_path: str,
    output_path: str,
    model: str | None = None,
    *,
    text_column: str | None = None,
    redactor: Redactor | None = None,
    fingerprint: str | None = None,
) -> ShardDone:
    """Score one Parquet file into another, which appears when it is whole and replaces what was there.

    Args:
        input_path: A Parquet file.
        output_path: Where to; its folder is there.
        model: Name or folder as this machine knows it.
        text_column: The column that holds the messages; by default it is looked for.
        redactor: Masks personal data in the output.
        fingerprint: What `Moderator.fingerprint` of the model has to be.

    Raises:
        ModerationError: As reading, writing and loading say.
    """
    moderator = _moderator(model, fingerprint)
    problems = ReadProblems()
    batches = read([input_path], text_column=text_column, input_format="parquet", problems=problems)
    # A machine that was given up for lost may still be writing the same file: each writes its own.
    part = Path(output_path).with_name(f".{secrets.token_hex(8)}.shard")
    rows = 0
    with open_writer(str(part), "parquet") as writer:
        for table in score_batches(moderator, batches, redactor=redactor):
            writer.write(table)
            rows += len(table)
    part.replace(output_path)
    return ShardDone(rows, problems.replaced_sequences)


def score_record_batches(
    record_batches: Iterable[pa.RecordBatch], model: str | None = None, *, text_column: str | None = None
) -> Iterator[pa.RecordBatch]:
    """Score Arrow batches: each comes back with the columns of `moderation.scoring.VERDICT_SCHEMA` behind its own.

    Raises:
        DataError: No column of strings can be taken for the messages.
    """
    moderator = _moderator(model, None)
    for rows in record_batches:
        batch = parquet.as_batch(rows, text_column, "batch", ReadProblems())
        yield from score_batch(moderator, batch).combine_chunks().to_batches()


def score_shards(
    source: Path,
    target: Path,
    cluster: str = LOCAL,
    *,
    model: str | None = None,
    text_column: str | None = None,
    redactor: Redactor | None = None,
    workers: int = 0,
    resume: bool = False,
    force: bool = False,
) -> Iterator[ShardDone]:
    """Score every Parquet file in a folder, and the folders in it, into one of the same name in another.

    What goes wrong with one file does not keep the others from being scored.

    Args:
        source: The folder.
        target: The folder of the output, made where there is none.
        cluster: Address of a Dask scheduler whose workers see both folders and the model under the same paths, or ``local``
            for processes on this machine.
        model: Name or folder; the one in use when omitted.
        text_column: The column that holds the messages; by default it is looked for.
        redactor: Masks personal data in the output.
        workers: Processes of a local cluster; 0 is one a core.
        resume: Keep the files that an interrupted run has finished.
        force: Replace what is in ``target``.

    Yields:
        Files as they are finished, in any order, and now and then one of no rows, so that the caller can stop.

    Raises:
        UsageError: Dask is not installed, or the output lies in the folder of the input.
        NoInputError: There is no Parquet file.
        CannotCreateError: Files of these names are in ``target``, or the interrupted run was about others, or it still runs.
        OutputError: The cluster does not answer, or lost a file again and again.
        ModerationError: The first of those that a file was refused with, after the others are scored.
    """
    _dask()
    if target.resolve().is_relative_to(source.resolve()):
        raise UsageError(f"{target}: lies in the folder of the input; take another place for the output")
    shards = _shards(source)
    folder = model_folder(model).resolve()
    moderator = load(str(folder))
    facts = input_facts([str(source)]) | {
        "moderation version": __version__,
        "model": moderator.fingerprint,
        "options": repr((text_column, redactor)),
    }
    settings = {"text_column": text_column, "redactor": redactor, "fingerprint": moderator.fingerprint}
    with _claimed(target, shards, facts, resume=resume, force=force) as journal, _client(cluster, workers) as client:
        left = [shard for shard in shards if not (target / shard).exists()]
        for shard in left:
            (target / shard).parent.mkdir(parents=True, exist_ok=True)
        tasks = {
            client.submit(
                score_shard,
                str((source / shard).resolve()),
                str((target / shard).resolve()),
                str(folder),
                retries=RETRIES,
                pure=False,
                **settings,
            ): shard
            for shard in left
        }
        failure: ModerationError | None = None
        for task in _finished(tasks):
            if task is None:
                yield ShardDone(0, 0)
                continue
            try:
                yield task.result()
            except ModerationError as error:
                failure = failure or error
            except Exception as error:  # KilledWorker, CancelledError and whatever Dask invents
                failure = failure or OutputError(f"{tasks[task]}: the cluster gave up on it: {type(error).__name__}")
        if failure is not None:
            raise failure
        journal.remove()


def _shards(source: Path) -> list[Path]:
    if not source.is_dir():
        raise NoInputError(f"{source}: no such folder; a cluster scores a folder of Parquet files")
    found = sorted(
        path.relative_to(source) for path in source.rglob("*") if path.suffix.lower() in (".parquet", ".pq") and path.is_file()
    )
    shards = [path for path in found if not any(part.startswith(".") for part in path.parts)]
    if not shards:
        raise NoInputError(f"{source}: no Parquet file in this folder")
    return shards


@contextlib.contextmanager
def _claimed(target: Path, shards: list[Path], facts: Facts, *, resume: bool, force: bool) -> Iterator[Journal]:
    """The output folder, for this run alone, with no scored file in it but those that are kept; others are left alone."""
    try:
        target.mkdir(parents=True, exist_ok=True)
        lock = open_alone(target / _LOCK)
    except OSError as error:
        raise CannotCreateError(f"{target}: {error.strerror}") from None
    except CannotCreateError as error:
        raise CannotCreateError(f"{target}: {error}") from None
    with lock:
        journal = Journal(target / _JOURNAL, facts)
        there = [target / shard for shard in shards if (target / shard).exists()]
        continued = resume and journal.load() is not None
        if there and not continued and not force:
            how = "no stopped run to go on with" if resume else "--resume goes on with a run that was stopped"
            raise CannotCreateError(f"{target}: files of these names are there; {how}, --force begins anew")
        for path in [] if continued else there:
            path.unlink()
        _tidy(target)
        journal.save(Progress())
        yield journal
        _tidy(target)
        (target / _LOCK).unlink(missing_ok=True)


def _tidy(target: Path) -> None:
    """Remove what machines that went down were writing."""
    for path in target.rglob(".*"):
        if _PART.fullmatch(path.name):
            path.unlink(missing_ok=True)


@contextlib.contextmanager
def _client(cluster: str, workers: int) -> Iterator[Any]:
    distributed = _dask()
    with contextlib.ExitStack() as stack:
        address: Any = cluster
        if cluster == LOCAL:
            local = distributed.LocalCluster(
                n_workers=workers or os.cpu_count() or 1,
                threads_per_worker=1,
                dashboard_address=None,
                silence_logs=logging.CRITICAL,
                preload=[__name__],
            )
            address = stack.enter_context(local)
        try:
            client = stack.enter_context(distributed.Client(address, timeout=CONNECT_SECONDS))
        except (OSError, ValueError):
            raise OutputError(f"no Dask scheduler answers at {cluster}") from None
        yield client


def dask_setup(_: object) -> None:
    """What Dask calls in each process of a local cluster: a Ctrl-C in the terminal is for the one that gave out the work."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _dask() -> Any:  # noqa: ANN401 (half of it has no types)
    try:
        return importlib.import_module("distributed")
    except ModuleNotFoundError:
        raise UsageError("--cluster needs Dask: pip install 'moderation[cluster]'") from None


def _finished(tasks: Iterable[Any]) -> Iterator[Any]:
    """Tasks as they end; None whenever none has for a while."""
    running = set(tasks)
    while running:
        try:
            done = _dask().wait(running, timeout=_WAIT_SECONDS, return_when="FIRST_COMPLETED").done
        except TimeoutError:
            yield None
            continue
        running -= done
        yield from done
