"""What commands that read labelled files share: options, and what people should hear about the files."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from moderation.categories import CATEGORIES
from moderation.cli.console import say
from moderation.errors import UsageError

if TYPE_CHECKING:
    from moderation.labelled import Noticed

EncodingOption = Annotated[str, typer.Option("--encoding", help="Of text files without a byte order mark.")]
ENCODING = "utf-8"


LabelColumns = Annotated[
    list[str] | None,
    typer.Option("--label", metavar="CATEGORY=COLUMN", help="Where a category's labels are: hate=HS. Repeatable."),
]


def mapped_columns(options: Sequence[str] | None) -> dict[str, str]:
    """Which column holds a category's labels, from options ``CATEGORY=COLUMN``.

    Raises:
        UsageError: One of them is something else.
    """
    columns = {}
    for option in options or ():
        category, _, column = option.partition("=")
        if category not in CATEGORIES or not column:
            raise UsageError(f"--label {option}: write CATEGORY=COLUMN, where CATEGORY is one of {', '.join(CATEGORIES)}")
        columns[category] = column
    return columns


def say_noticed(noticed: Noticed) -> None:
    """Say which rows of labelled files were left out or are damaged, if any, and how to mend that."""
    if noticed.no_text:
        say(f"left out: {noticed.no_text:,} rows without a text, the first is {noticed.first['no_text']}")
    if noticed.no_label:
        say(f"left out: {noticed.no_label:,} rows without any label, the first is {noticed.first['no_label']}")
    if noticed.damaged:
        say(
            f"{noticed.damaged:,} texts have bytes of another encoding, the first is {noticed.first['damaged']}. "
            "Save the file as UTF-8, or name its encoding with --encoding (cp1252, utf-16, ...)"
        )
