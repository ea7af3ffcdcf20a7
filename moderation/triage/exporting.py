"""Decisions as labelled rows, which `moderation train` reads, and as tasks of Label Studio; and labels back as decisions."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Iterable, Iterator
from contextlib import nullcontext
from itertools import compress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from sqlalchemy import Row, func, select

from moderation.categories import CATEGORIES
from moderation.errors import CannotCreateError, DataError, NoInputError, OutputError
from moderation.triage import schema
from moderation.triage.cases import Stage, as_labels
from moderation.triage.deriving import chunks
from moderation.triage.intake import content_keys
from moderation.triage.messages import Message
from moderation.triage.store import reading

if TYPE_CHECKING:
    from moderation.triage.queue import Queue

_Given = tuple[Any, Any, tuple[str, ...] | None]
"""Number of a message and its text, as a file has them, and the categories that hold; None where that is not known."""

SOURCE = "decisions"
CLEAN = "clean"
LABEL_STUDIO = "label-studio"
LABELLED_SCHEMA = pa.schema(
    [
        pa.field("id", pa.int64()),
        pa.field("text", pa.string()),
        *[pa.field(category, pa.int8()) for category in CATEGORIES],
        pa.field("author", pa.string()),
        pa.field("thread", pa.string()),
        pa.field("lang", pa.string()),
        pa.field("channel", pa.string()),
        pa.field("source", pa.string()),
    ]
)
"""Columns of labelled rows: the number of the message in the queue, its text, 1, 0 or null by category, and where it is from.

`moderation labels split` keeps rows of one author and of one thread on one side.
"""


def decisions(queue: Queue) -> Iterator[dict[str, Any]]:
    """Decided messages as rows of `LABELLED_SCHEMA`, one a case, in the order they came in.

    A moderator judges all five categories at once, so none is unknown. Cases whose decision is disputed are left out.
    """
    items, state = schema.items.c, schema.state.c
    stages = [Stage.done.value, Stage.second.value]
    one_each = select(func.min(state.item)).where(state.labels.is_not(None), state.stage.in_(stages)).group_by(state.content)
    chosen = select(*items["id", "text", "author", "thread", "lang", "channel"], state.labels)
    chosen = chosen.join(schema.state, state.item == items.id).where(items.id.in_(one_each)).order_by(items.id)
    with reading(queue.engine) as connection, connection.execute(chosen.execution_options(yield_per=1_000)) as rows:
        for row in rows:
            yield _row(row, SOURCE, as_labels(row.labels))


def unlabelled(message: Message, source: str) -> dict[str, Any]:
    """A message as a row of `LABELLED_SCHEMA` about which nothing is known."""
    return _row(message, source, None)


def _row(message: Message | Row[*tuple[Any, ...]], source: str, labels: tuple[str, ...] | None) -> dict[str, Any]:
    known = {category: None if labels is None else int(category in labels) for category in CATEGORIES}
    facts = {name: getattr(message, name) for name in ("author", "thread", "lang", "channel")}
    return {"id": message.id, "text": message.text, **known, **facts, "source": source}


def label_studio_task(row: dict[str, Any]) -> dict[str, Any]:
    """A labelled row as a task of Label Studio, with an annotation if it has labels.

    It fits an interface with ``<Text name="text" value="$text"/>`` and ``<Choices name="labels" toName="text"
    choice="multiple">`` whose choices are the categories and ``clean``.
    """
    task: dict[str, Any] = {"data": {name: row[name] for name in ("id", "text", "lang", "channel", "source")}}
    if row[CATEGORIES[0]] is not None:
        choices = [category for category in CATEGORIES if row[category]] or [CLEAN]
        result = {"from_name": "labels", "to_name": "text", "type": "choices", "value": {"choices": choices}}
        task["annotations"] = [{"result": [result]}]
    return task


def write_rows(rows: Iterable[dict[str, Any]], target: str, form: str | None, *, force: bool = False) -> int:
    """Write labelled rows to a file, which appears when it is whole, or to standard output; returns how many.

    Args:
        rows: Of `LABELLED_SCHEMA`.
        target: A path, or ``-``.
        form: ``label-studio`` or what `moderation.messages.writing.open_writer` knows; by default that of the extension.
        force: Replace a file that exists.
    """
    if form == LABEL_STUDIO:
        return _write_tasks(rows, target, force=force)
    from moderation.messages.writing import open_writer

    count = 0
    with open_writer(target, form, force=force) as writer:
        writer.write(LABELLED_SCHEMA.empty_table())  # the header, should there be no row
        for some in chunks(rows):
            writer.write(pa.Table.from_pylist(some, schema=LABELLED_SCHEMA))
            count += len(some)
    return count


def _write_tasks(rows: Iterable[dict[str, Any]], target: str, *, force: bool) -> int:
    count = 0
    path = None if target == "-" else Path(target)
    if path is not None and path.exists() and not force:
        raise CannotCreateError(f"{path}: exists; --force replaces it")
    partial = None if path is None else path.with_name(f".{path.name}.partial")
    try:
        with nullcontext(sys.stdout) if partial is None else partial.open("w", encoding="utf-8") as file:
            file.write("[")
            for row in rows:
                file.write(",\n" if count else "\n")
                json.dump(label_studio_task(row), file, ensure_ascii=False)
                count += 1
            file.write("\n]\n")
        if partial is not None and path is not None:
            partial.replace(path)
    except OSError as error:
        raise CannotCreateError(f"{target}: {error.strerror or 'cannot be written'}") from None
    finally:
        if partial is not None:
            partial.unlink(missing_ok=True)
    return count


def read_labels(queue: Queue, path: str) -> Iterator[tuple[int, tuple[str, ...]]]:
    """Numbers of messages and what somebody labelled them, from a file of labelled rows or an export of Label Studio.

    Rows with an unknown label are left out: a decision is about all five categories.

    Raises:
        NoInputError: There is no such file.
        DataError: A row is no message of the queue, or has labels that are none; or the file is neither.
    """
    if not Path(path).is_file():
        raise NoInputError(f"{path}: no such file")
    tasks = _tasks(path)
    rows = _from_tasks(path, tasks) if tasks is not None else _from_rows(path)
    for number, (item, text, labels) in enumerate(rows, 1):
        if labels is None:
            continue
        if not _is_message(queue, item, text):
            raise DataError(f"{path}: row {number} is no message of this queue: id and text must be those that it exported")
        yield int(item), labels


def _is_message(queue: Queue, item: Any, text: Any) -> bool:  # noqa: ANN401 (whatever a file holds)
    """Whether a message has this number and, as far as the classifier can tell, this text: files of other queues have ids too."""
    try:
        return queue.message(int(item)).content == content_keys([str(text or "")])[0]
    except (TypeError, ValueError, NoInputError):
        return False


def _tasks(path: str) -> list[Any] | None:
    """The tasks of an export of Label Studio; None where the file is none."""
    try:
        with Path(path).open("rb") as file:
            if not file.read(64).lstrip().startswith(b"["):
                return None
            file.seek(0)
            tasks = json.load(file)
    except (ValueError, RecursionError):
        raise DataError(f"{path}: no valid JSON") from None
    except OSError as error:
        raise OutputError(f"{path}: {error.strerror or 'reading failed'}") from None
    return tasks if tasks and isinstance(tasks[0], dict) and "data" in tasks[0] else None


def _from_tasks(path: str, tasks: Iterable[Any]) -> Iterator[_Given]:
    for number, task in enumerate(tasks, 1):
        try:
            given = [a["result"] for a in task.get("annotations", ()) if not a.get("was_cancelled")]
            said = {frozenset(choice for result in results for choice in result["value"]["choices"]) for results in given}
            item, text = task["data"]["id"], task["data"]["text"]
        except (KeyError, TypeError, AttributeError):
            raise DataError(f"{path}: task {number} is none of ours") from None
        said.discard(frozenset())
        if len(said) > 1:
            raise DataError(f"{path}: task {number} has annotations that differ; settle it in Label Studio first")
        choices = next(iter(said), frozenset())
        if not choices <= {*CATEGORIES, CLEAN} or (CLEAN in choices and len(choices) > 1):
            raise DataError(f"{path}: task {number} has other labels than {', '.join(CATEGORIES)}, or {CLEAN} beside them")
        yield item, text, tuple(category for category in CATEGORIES if category in choices) if choices else None


def _from_rows(path: str) -> Iterator[_Given]:
    from moderation.labelled import cells, label
    from moderation.messages.reading import read

    row = 0
    for batch in read([path], text_column=None):
        missing = {"id", *CATEGORIES} - set(batch.table.column_names)
        if missing:
            raise DataError(f"{path}: no column {sorted(missing)[0]}; expected id and all of {', '.join(CATEGORIES)}")
        known = [cells(batch, name) for name in ("id", *CATEGORIES)]
        for text, item, *labels in zip(batch.texts.to_pylist(), *known, strict=True):
            held = [label(cell, category, path, row) for cell, category in zip(labels, CATEGORIES, strict=True)]
            row += 1
            yield item, text, None if any(map(math.isnan, held)) else tuple(compress(CATEGORIES, held))
