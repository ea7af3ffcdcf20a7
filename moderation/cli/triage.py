"""``moderation triage``: the queue that a moderator works down, and what comes out of it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

from moderation.cli.console import row_counter, say, write_out
from moderation.errors import UsageError

if TYPE_CHECKING:
    from moderation.triage.intake import Added
    from moderation.triage.messages import Message
    from moderation.triage.queue import Queue
    from moderation.triage.verdicts import Columns, Problems

app = typer.Typer(no_args_is_help=True, help="Work down the queue of messages, the most dangerous on top.")

LISTED = 20

Store = Annotated[
    str, typer.Option("--store", envvar="MODERATION_STORE", help="sqlite:///FILE or postgresql://...", metavar="URL")
]
Item = Annotated[int, typer.Argument(help="Number of the message.", metavar="ITEM")]
Reviewer = Annotated[str, typer.Option("--as", help="Your pseudonym.", metavar="NAME")]
Category = Annotated[str | None, typer.Option("--category", help="Only messages of this category.")]
Note = Annotated[str, typer.Option("--note", help="For the log.")]
AsJson = Annotated[bool, typer.Option("--json", help="As JSON.")]
Output = Annotated[str, typer.Option("-o", "--output", help="Where to; - is standard output.")]
To = Annotated[
    str | None, typer.Option("--to", help="csv, tsv, jsonl, parquet or label-studio; else by the extension of the output.")
]
Force = Annotated[bool, typer.Option("--force", help="Replace an existing output.")]

DEFAULT_STORE = "sqlite:///queue.db"


@app.command()
def add(
    verdicts: Annotated[
        list[str], typer.Argument(help="What moderation score wrote: JSONL, CSV or Parquet; - is standard input.")
    ],
    *,
    store: Store = DEFAULT_STORE,
    everything: Annotated[bool, typer.Option("--all", help="Also messages whose action is none.")] = False,
    text: Annotated[str | None, typer.Option("--text", help="Column with the messages.")] = None,
    author: Annotated[str | None, typer.Option("--author", help="Column with the author.")] = None,
    thread: Annotated[str | None, typer.Option("--thread", help="Column with the conversation.")] = None,
    time: Annotated[str | None, typer.Option("--time", help="Column with the time of the message.")] = None,
) -> None:
    """Add scored messages; those that are in the queue already are left alone.

    Exit codes: 0 all rows done, 1 some rows are no verdicts.

    Example: moderation triage add verdicts.jsonl
    """
    from moderation.triage.verdicts import Columns

    added, problems = add_files(verdicts, store, Columns(text, author, thread, time), everything=everything)
    say(f"added: {added.new:,}; there already: {added.known:,}; nothing to look at: {added.calm:,}")
    if problems.bad:
        for place in problems.first:
            say(place)
        say(f"rows that are no verdicts, left out: {problems.bad:,}")
        raise typer.Exit(1)


def add_files(verdicts: list[str], store: str, columns: Columns, *, everything: bool = False) -> tuple[Added, Problems]:
    """Add files of verdicts to the queue at a URL, which is made if it is not there."""
    from moderation.triage import intake
    from moderation.triage.queue import open_queue
    from moderation.triage.verdicts import Problems, read_verdicts

    problems = Problems()
    rows = read_verdicts(verdicts, columns, problems)
    with open_queue(store, create=True) as queue, row_counter("queued") as count:
        return intake.add(queue, rows, everything=everything, progress=count), problems


@app.command("next")
def next_message(
    *,
    reviewer: Reviewer,
    store: Store = DEFAULT_STORE,
    category: Category = None,
    as_json: AsJson = False,
) -> None:
    """Reserve the most urgent message for you and show it with its reasons; the same one until you have acted on it.

    Example: moderation triage next --as rani
    """
    from moderation.cli.triage_shown import show_message
    from moderation.triage.messages import surroundings

    with _open(store) as queue:
        message = queue.next(reviewer, category)
        if message is None:
            say(f"nothing waits for {reviewer}")
        elif as_json:
            write_out(f"{_as_json(message)}\n")
        else:
            show_message(message, surroundings(queue, message), queue.now())


@app.command()
def show(item: Item, *, store: Store = DEFAULT_STORE, as_json: AsJson = False) -> None:
    """Show a message, its reasons, and what was done with it.

    Example: moderation triage show 42
    """
    from moderation.cli.triage_shown import show_history, show_message
    from moderation.triage.messages import surroundings

    with _open(store) as queue:
        message = queue.message(item)
        if as_json:
            write_out(f"{_as_json(message)}\n")
            return
        show_message(message, surroundings(queue, message), queue.now())
        show_history(queue.history(item))


@app.command()
def decide(
    item: Item,
    *,
    reviewer: Reviewer,
    labels: Annotated[str, typer.Option("--labels", help="Categories that hold, with commas between them; or clean.")],
    store: Store = DEFAULT_STORE,
    note: Note = "",
) -> None:
    """Decide on a message and on all that are the same to the classifier.

    Exit codes: 0 done, 1 somebody else was quicker or has to decide this one.

    Example: moderation triage decide 42 --as rani --labels abusive,threatening
    """
    with _open(store) as queue:
        queue.decide(item, reviewer, parse_labels(labels), note)
    say(f"message {item}: {labels}")


@app.command()
def skip(
    item: Item,
    *,
    reviewer: Reviewer,
    reason: Annotated[str, typer.Option("--reason", help="Why you leave it to others.")],
    store: Store = DEFAULT_STORE,
) -> None:
    """Leave a message to others.

    Example: moderation triage skip 42 --as rani --reason "in Javanese"
    """
    with _open(store) as queue:
        queue.skip(item, reviewer, reason)
    say(f"message {item} left to others")


@app.command()
def escalate(item: Item, *, reviewer: Reviewer, store: Store = DEFAULT_STORE, note: Note = "") -> None:
    """Ask for somebody else's eyes at once: the message goes to the top, for others.

    Example: moderation triage escalate 42 --as rani --note "names a technician"
    """
    with _open(store) as queue:
        queue.escalate(item, reviewer, note)
    say(f"message {item} escalated")


@app.command()
def appeal(item: Item, *, reviewer: Reviewer, store: Store = DEFAULT_STORE, note: Note = "") -> None:
    """Open a decided message again, for somebody who has not decided it.

    Example: moderation triage appeal 42 --as rani --note "the customer says it was a quote"
    """
    with _open(store) as queue:
        queue.appeal(item, reviewer, note)
    say(f"message {item} is open again")


@app.command()
def undo(*, reviewer: Reviewer, store: Store = DEFAULT_STORE) -> None:
    """Take back your last decision, skip, escalation or appeal.

    Example: moderation triage undo --as rani
    """
    with _open(store) as queue:
        item = queue.undo(reviewer)
    say(f"message {item} is as it was before")


@app.command("list")
def list_messages(
    *,
    store: Store = DEFAULT_STORE,
    limit: Annotated[int | None, typer.Option("--limit", min=1, help=f"So many; {LISTED} when omitted, with --json all.")] = None,
    category: Category = None,
    as_json: AsJson = False,
) -> None:
    """List the waiting messages, the most urgent first.

    Example: moderation triage list --category threatening
    """
    from moderation.cli.triage_shown import show_list

    with _open(store) as queue:
        if not as_json:
            show_list(queue.ranked(category, limit=limit or LISTED), queue.now())
            return
        write_out("[")
        for number, message in enumerate(queue.ranked(category, limit=limit)):
            write_out(",\n" if number else "\n")
            write_out(_as_json(message))
        write_out("\n]\n")


@app.command()
def stats(*, store: Store = DEFAULT_STORE, as_json: AsJson = False) -> None:
    """Waiting times, breaches, decisions an hour, overturned decisions, agreement; estimated precision and recall.

    Example: moderation triage stats
    """
    from moderation.cli.triage_shown import show_stats
    from moderation.triage.estimates import estimates
    from moderation.triage.figures import figures

    with _open(store) as queue:
        found, estimated = figures(queue), estimates(queue)
    if as_json:
        write_out(json.dumps({**found.to_dict(), "estimates": estimated.to_dict()}, indent=1) + "\n")
    else:
        show_stats(found, estimated)


@app.command()
def export(*, output: Output = "-", store: Store = DEFAULT_STORE, to: To = None, force: Force = False) -> None:
    """Decisions as labelled rows, for moderation train.

    Example: moderation triage export -o decisions.jsonl
    """
    from moderation.triage.exporting import decisions, write_rows

    with _open(store) as queue:
        count = write_rows(decisions(queue), output, to, force=force)
    say(f"labelled rows: {count:,}")


@app.command()
def sample(
    *,
    output: Output = "-",
    store: Store = DEFAULT_STORE,
    to: To = None,
    random: Annotated[int, typer.Option("--random", min=0, help="So many that chance picks.")] = 50,
    high: Annotated[int, typer.Option("--high", min=0, help="So many of the highest priority.")] = 50,
    uncertain: Annotated[int, typer.Option("--uncertain", min=0, help="So many that the model is least sure of.")] = 50,
    force: Force = False,
) -> None:
    """What to label next, near-duplicates once; the source column says why.

    Example: moderation triage sample -o to-label.csv
    """
    from moderation.triage.exporting import unlabelled, write_rows
    from moderation.triage.sampling import sample as choose

    with _open(store) as queue:
        chosen = choose(queue, random=random, high=high, uncertain=uncertain)
    count = write_rows((unlabelled(found.message, f"sample-{found.why}") for found in chosen), output, to, force=force)
    say(f"messages to label: {count:,}")


@app.command("import")
def import_labels(
    labels: Annotated[
        list[str], typer.Argument(help="A labelled sample, or the JSON that Label Studio exports.", metavar="LABELS...")
    ],
    *,
    reviewer: Reviewer,
    store: Store = DEFAULT_STORE,
) -> None:
    """Take labels that were made elsewhere as decisions. Rows without labels are left out.

    Exit codes: 0 all done, 1 some messages were decided already or are with somebody else.

    Example: moderation triage import labelled.json --as rani
    """
    from moderation.triage.errors import ConflictError
    from moderation.triage.exporting import read_labels

    done = refused = 0
    with _open(store) as queue:
        for path in labels:
            for item, chosen in read_labels(queue, path):
                try:
                    queue.decide(item, reviewer, chosen)
                    done += 1
                except ConflictError as error:
                    say(str(error))
                    refused += 1
    say(f"decided: {done:,}; refused: {refused:,}")
    if refused:
        raise typer.Exit(1)


@app.command()
def rebuild(*, store: Store = DEFAULT_STORE) -> None:
    """Rank everything anew, from the messages and the log; needed after the policy or the rules have changed.

    Example: moderation triage rebuild
    """
    from moderation.triage.rebuilding import rebuild as make

    with _open(store) as queue:
        say(f"messages: {make(queue):,}")


def parse_labels(labels: str) -> list[str]:
    """Category names from ``abusive,threatening``; none from ``clean``."""
    names = [name.strip() for name in labels.split(",")]
    if names == ["clean"]:
        return []
    if not all(names) or "clean" in names:
        raise UsageError("--labels are categories with commas between them, or clean")
    return names


def _as_json(message: Message) -> str:
    return json.dumps(message.to_dict(), ensure_ascii=False)


def _open(store: str) -> Queue:
    from moderation.triage.queue import open_queue

    return open_queue(store)
