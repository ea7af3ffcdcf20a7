"""``moderation labels``: what is wrong with labelled files, and which of their rows to set aside for judging."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from moderation.cli.console import say, write_out
from moderation.cli.labelled import ENCODING, EncodingOption, LabelColumns, mapped_columns, say_noticed

if TYPE_CHECKING:
    from moderation.labels import Checked, SplitPlan

app = typer.Typer(no_args_is_help=True, help="Check labelled files, and set rows aside for judging.")

TOP = 20

LabelsArgument = Annotated[
    list[str], typer.Argument(help="Labelled files: a text and any category as 1, 0 or empty.", metavar="LABELS...")
]
TextOption = Annotated[str | None, typer.Option("--text", help="Column with the messages; looked for when omitted.")]


@app.command()
def check(
    labels: LabelsArgument,
    *,
    text: TextOption = None,
    columns: LabelColumns = None,
    encoding: EncodingOption = ENCODING,
    top: Annotated[int, typer.Option("--top", min=0, help="Show so many findings of a kind; 0 for all.")] = TOP,
    show_text: Annotated[bool, typer.Option("--show-text", help="Show the messages, not only where they stand.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """Look for contradictory and unlikely labels, for leaks and for disagreement; nothing is changed.

    Equal texts count as equal after folding: case, spacing and disguise do not matter. Near ones share most runs of five
    characters. A label is unlikely when a classifier that learnt from all other rows gives it 5 % or less. A leak is a text
    in two splits, or in two files where rows have no split. Where a column annotator or reviewer says who labelled a row,
    their agreement is measured.

    Exit codes: 0 nothing found, 1 findings, 2 usage, 65 input not understood, 66 no such input.

    Example: moderation labels check ours.csv theirs.csv --show-text
    """
    checked = check_files(labels, text_column=text, columns=mapped_columns(columns), encoding=encoding)
    if as_json:
        write_out(json.dumps(checked.to_dict(top or None, texts=show_text), indent=1, allow_nan=False) + "\n")
    else:
        from moderation.cli.labels_shown import show

        show(checked, top or None, texts=show_text)
    if checked.findings:
        raise typer.Exit(1)


@app.command()
def split(
    labels: Annotated[str, typer.Argument(help="A labelled file.", metavar="LABELS")],
    output: Annotated[str, typer.Option("-o", "--output", help="Where to; - is standard output.")],
    *,
    test: Annotated[float, typer.Option("--test", help="Share of the rows to judge on.")] = 0.2,
    dev: Annotated[float, typer.Option("--dev", help="Share of the rows to try settings on.")] = 0.0,
    seed: Annotated[int, typer.Option("--seed", help="Another one gives another choice.")] = 0,
    group: Annotated[
        list[str] | None,
        typer.Option("--group", help="Column whose rows stay together; give it again for more.", metavar="COLUMN"),
    ] = None,
    text: TextOption = None,
    columns: LabelColumns = None,
    encoding: EncodingOption = ENCODING,
    force: Annotated[bool, typer.Option("--force", help="Replace an existing output.")] = False,
) -> None:
    """Add a column split, which says what to train on and what to judge on; a split that is filled in stays.

    Near-duplicates go together, and so do rows with the same group, voice, author, thread, thread_id or pair. Every category
    gets its share as far as that allows. The same rows and seed give the same split, in any order. `moderation train` leaves
    out test rows by itself, `moderation evaluate --split test` judges on them.

    Exit codes: 0 done, 2 usage, 65 input not understood or too much belongs together, 66 no such input, 73 output cannot be
    made.

    Example: moderation labels split ours.csv -o ours-split.csv
    """
    split_file(
        labels,
        output,
        test=test,
        dev=dev,
        seed=seed,
        groups=group,
        text_column=text,
        columns=mapped_columns(columns),
        encoding=encoding,
        force=force,
    )


def check_files(
    labels: Sequence[str],
    *,
    text_column: str | None = None,
    columns: dict[str, str] | None = None,
    encoding: str = ENCODING,
) -> Checked:
    """Check labelled files."""
    from moderation.labelled import Noticed
    from moderation.labels import check as look
    from moderation.labels import read_rows

    noticed = Noticed()
    rows = read_rows(labels, text_column, columns=columns, encoding=encoding, noticed=noticed)
    say_noticed(noticed)
    return look(rows)


def split_file(
    labels: str,
    output: str,
    *,
    test: float = 0.2,
    dev: float = 0.0,
    seed: int = 0,
    groups: Sequence[str] | None = None,
    text_column: str | None = None,
    columns: dict[str, str] | None = None,
    encoding: str = ENCODING,
    force: bool = False,
) -> SplitPlan:
    """Write a labelled file with a column ``split``, every other column as it was, and say what went where."""
    import pyarrow as pa

    from moderation.labelled import Noticed
    from moderation.labels import plan_split
    from moderation.labels.rows import join, read_parts
    from moderation.messages.arrays import strings
    from moderation.messages.writing import open_writer

    noticed = Noticed()
    with open_writer(output, force=force) as writer:
        parts = list(read_parts([labels], text_column, groups or (), columns=columns, encoding=encoding, noticed=noticed))
        rows = join(part.rows for part in parts)
        plan = plan_split(rows, test=test, dev=dev, seed=seed, groups=groups)
        first = 0
        for part in parts:
            column = strings(plan.splits[first : first + len(part.rows)].tolist())
            place = part.table.schema.get_field_index("split")
            field = pa.field("split", pa.large_string())
            writer.write(part.table.append_column(field, column) if place < 0 else part.table.set_column(place, field, column))
            first += len(part.rows)
    say_noticed(noticed)
    for line in plan.in_words(rows):
        say(line)
    return plan
