"""``moderation score``: files of messages in, verdicts out."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from moderation import __version__
from moderation.cli.console import report_problems, row_counter
from moderation.cli.interrupts import noted_signals
from moderation.cli.top import show_top
from moderation.errors import InterruptedRunError, OutputError, UsageError

if TYPE_CHECKING:
    from moderation.messages.batch import ReadOptions
    from moderation.redaction import Redactor

SHOWN = 20


def score(
    inputs: Annotated[list[str], typer.Argument(help="Files, folders or patterns; - is standard input.", metavar="INPUT...")],
    *,
    output: Annotated[str | None, typer.Option("-o", "--output", help="Where to; - is standard output.")] = None,
    text: Annotated[str | None, typer.Option("--text", help="Column with the messages; looked for when omitted.")] = None,
    to: Annotated[
        str | None, typer.Option("--to", help="csv, tsv, jsonl or parquet; else by the extension of the output.")
    ] = None,
    model: Annotated[str | None, typer.Option("--model", help="Name or folder; the one in use when omitted.")] = None,
    jobs: Annotated[int, typer.Option("--jobs", min=0, help="Threads; 0 is one a core.")] = 1,
    top: Annotated[int | None, typer.Option("--top", min=1, help="Show the most urgent messages with reasons instead.")] = None,
    encoding: Annotated[str, typer.Option("--encoding", help="Of text inputs without a byte order mark.")] = "utf-8",
    dates: Annotated[
        str | None, typer.Option("--dates", help="dmy, mdy or ymd: dates of chat exports that can be read in two ways.")
    ] = None,
    include_agents: Annotated[
        bool, typer.Option("--include-agents", help="Of ticket exports, score what agents wrote and private notes too.")
    ] = False,
    redact: Annotated[
        bool, typer.Option("--redact", help="Mask mail addresses and telephone, identity, tax, card and customer numbers.")
    ] = False,
    customer_number: Annotated[
        str | None, typer.Option("--customer-number", help="With --redact: a regular expression for customer numbers.")
    ] = None,
    cluster: Annotated[
        str | None,
        typer.Option("--cluster", help="Dask scheduler, or local: a folder of Parquet files to a folder of as many."),
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with a run that was stopped; a single Parquet file begins anew.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace an existing output.")] = False,
) -> None:
    """Score messages: one verdict a row, every input column kept.

    Of a folder, and those in it, every file that holds messages is read in its own format: known by its extension, or a mail by
    its look. Where mails outnumber .txt files and files without an extension, these are mails, too. Each row has its file in
    the column path; a file that cannot be read is one row marked unreadable. What holds no messages is counted.

    CSV and Parquet get the columns of all inputs, found in a first look at them; that takes files, not a pipe.

    Without -o, a person gets a table of the most urgent messages and a pipe gets JSONL.

    Exit codes: 0 all rows done, 1 some rows could not be read (each still has its line), 2 usage, 65 input not understood,
    66 no such input, 73 output cannot be made, 74 reading or writing failed, 130 stopped by Ctrl-C, 143 by SIGTERM.

    A run that was stopped or killed, or that filled the disk, goes on with the same command and --resume.

    Files may be CSV, TSV, JSONL, JSON, Parquet, text, mails, exported WhatsApp chats and Zendesk, Intercom or Freshdesk tickets,
    also compressed.

    Example: moderation score chats.csv -o verdicts.csv
    """
    from moderation.messages.batch import ReadOptions

    if top and (output or to):
        raise UsageError("--top shows a table; leave out -o and --to, or --top")
    options = ReadOptions(dates, include_agents)
    if customer_number is not None and not redact:
        raise UsageError("--customer-number is about --redact")
    redactor = _redactor(customer_number) if redact else None
    watched = output is None and to is None and sys.stdout.isatty()
    if cluster is not None:
        if to or top or len(inputs) != 1 or output in (None, "-"):
            raise UsageError("--cluster takes one folder of Parquet files and -o FOLDER, without --to and --top")
        unreadable = score_folder(
            inputs[0],
            str(output),
            cluster,
            text_column=text,
            model=model,
            jobs=jobs,
            redactor=redactor,
            resume=resume,
            force=force,
        )
    elif top or watched:
        unreadable = show_top(
            inputs,
            top or SHOWN,
            text_column=text,
            model=model,
            jobs=jobs,
            encoding=encoding,
            options=options,
            redactor=redactor,
        )
    else:
        unreadable = score_files(
            inputs,
            output or "-",
            text_column=text,
            output_format=to,
            model=model,
            jobs=jobs,
            encoding=encoding,
            options=options,
            redactor=redactor,
            resume=resume,
            force=force,
        )
    if unreadable:
        raise typer.Exit(1)


def _redactor(customer_number: str | None) -> Redactor:
    from moderation.redaction import Redactor

    return Redactor() if customer_number is None else Redactor(customer_number)


def score_files(
    inputs: list[str],
    output: str,
    *,
    text_column: str | None = None,
    output_format: str | None = None,
    model: str | None = None,
    jobs: int = 1,
    encoding: str = "utf-8",
    options: ReadOptions | None = None,
    redactor: Redactor | None = None,
    resume: bool = False,
    force: bool = False,
) -> int:
    """Score inputs into one output; returns how many rows could not be read.

    Raises:
        UsageError: It was to be continued, but an input cannot be read again or the output not be gone on with.
        InterruptedRunError: Somebody stopped it, after the batch in hand.
        ModerationError: As `moderation.messages.reading.read`, `open_writer` and `moderation.scoring.load` say.
    """
    from moderation.messages.batch import ReadOptions, ReadProblems
    from moderation.messages.journal import can_be_read_again, input_facts
    from moderation.messages.reading import columns_of, read
    from moderation.messages.unifying import unified
    from moderation.messages.writing import format_for, open_writer
    from moderation.scoring import load, score_into

    options = options or ReadOptions()
    problems = ReadProblems()
    batches = read(inputs, text_column=text_column, encoding=encoding, options=options, problems=problems, mark_refused=True)
    again = all(map(can_be_read_again, inputs))
    if resume and (not again or output == "-"):
        raise UsageError("--resume goes from files that can be read again to a file: not with standard input, output or a pipe")
    moderator = load(model)
    facts = input_facts(inputs) | {
        "moderation version": __version__,
        "model": moderator.fingerprint,
        "options": repr((text_column, encoding, options, redactor)),
    }
    if again and (output_format or format_for(output)) != "jsonl":
        columns = columns_of(inputs, text_column=text_column, encoding=encoding, options=options)
        batches = (unified(batch, columns) for batch in batches)
    writer = open_writer(output, output_format, force=force, facts=facts if again else None, resume=resume)
    try:
        with writer, _stoppable(again and output != "-") as stopped, row_counter("scored") as count:
            count(writer.done.rows)
            for rows in score_into(writer, moderator, batches, jobs, redactor):
                count(rows)
                if number := stopped():
                    raise InterruptedRunError("stopped after the batch in hand", number)
    except (InterruptedRunError, OutputError) as error:
        kept = "what is done is kept, the same command with --resume goes on" if writer.can_resume else "nothing is kept"
        error.args = (f"{error}; {kept}",)
        raise
    report_problems(problems)
    return problems.unreadable_rows


def _stoppable(yes: bool) -> AbstractContextManager[Callable[[], int | None]]:
    """Signals noted; as they come where a read may wait for ever, or where nothing would be gained."""
    return noted_signals() if yes else nullcontext(lambda: None)


def score_folder(
    source: str,
    target: str,
    cluster: str,
    *,
    text_column: str | None = None,
    model: str | None = None,
    jobs: int = 1,
    redactor: Redactor | None = None,
    resume: bool = False,
    force: bool = False,
) -> int:
    """Score a folder of Parquet files on a Dask cluster; returns how many rows could not be read, which is none.

    Raises:
        InterruptedRunError: Somebody stopped it.
        ModerationError: As `moderation.cluster.score_shards` says.
    """
    from moderation.cluster import score_shards
    from moderation.messages.batch import ReadProblems

    problems = ReadProblems()
    with noted_signals() as stopped, row_counter("scored") as count:
        for shard in score_shards(
            Path(source),
            Path(target),
            cluster,
            model=model,
            text_column=text_column,
            redactor=redactor,
            workers=jobs,
            resume=resume,
            force=force,
        ):
            count(shard.rows)
            problems.replaced_sequences += shard.replaced_sequences
            if number := stopped():
                raise InterruptedRunError("stopped; finished files are kept, the same command with --resume goes on", number)
    report_problems(problems)
    return problems.unreadable_rows
