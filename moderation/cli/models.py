"""``moderation models``: which models there are, which one is in use, and how to change that."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from moderation.cli.console import out, say, shown, write_out
from moderation.cli.labelled import ENCODING, EncodingOption, LabelColumns, mapped_columns, say_noticed
from moderation.errors import DataError, ModerationError

if TYPE_CHECKING:
    from moderation.labelled import LabelledRows
    from moderation.registry.checking import Check
    from moderation.registry.history import Event

app = typer.Typer(no_args_is_help=True, help="List, show, promote and roll back models.")

RegistryOption = Annotated[Path, typer.Option("--registry", help="The folder of models.")]
ReasonOption = Annotated[str, typer.Option("--reason", help="Why; kept in the history.")]
ByOption = Annotated[str | None, typer.Option("--by", help="Who; else MODERATION_USER, else the login name.")]
REGISTRY = Path("models")


@dataclass(frozen=True)
class Listed:
    """A model that `--model` can name.

    Attributes:
        name: What to give as ``--model``.
        folder: Where it is.
        kind: ``trained``, ``version`` or ``shipped``.
        model: Name and version, as verdicts give them; None where it is refused.
        rows: What it learnt from; None where it does not say.
        current: Whether it is in use when no model is named.
        promoted: When it was last promoted, UTC; None if never.
        refused: Why its folder is refused; None for a good one.
    """

    name: str
    folder: str
    kind: str
    model: str | None
    rows: object
    current: bool
    promoted: str | None
    refused: str | None


@app.command("list")
def list_models(
    *, registry: RegistryOption = REGISTRY, as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False
) -> None:
    """List the models that `--model` can name, and which one is in use.

    Example: moderation models list
    """
    listed = listed_models(registry)
    if as_json:
        write_out(json.dumps([asdict(entry) for entry in listed], indent=1) + "\n")
        return
    for entry in listed:
        said = f"refused: {entry.refused}"
        if entry.model is not None:
            said = f"version {entry.model.rpartition(' ')[2]}, {entry.rows or 'unknown'} rows, {entry.folder}"
        promoted = f", promoted {entry.promoted}" if entry.promoted else ""
        write_out(f"{shown(entry.name)}  {shown(said)}{shown(promoted)}{', in use' if entry.current else ''}\n")


@app.command()
def show(
    name: Annotated[str | None, typer.Argument(help="Name or folder; the one in use when omitted.")] = None,
    *,
    registry: RegistryOption = REGISTRY,
) -> None:
    """Show a model's card and what happened to it.

    Example: moderation models show default
    """
    from moderation.registry import load_named_model

    lines = load_named_model(name, registry).card.splitlines()
    events = model_history(name, registry)
    if events:
        lines += ["", "## History", "", *(f"- {line}" for event in events for line in _told(event))]
    write_out("".join(f"{shown(line)}\n" for line in lines))


@app.command()
def promote(
    name: Annotated[str, typer.Argument(help="Name or folder of the candidate.")],
    *,
    on: Annotated[
        list[str] | None, typer.Option("--on", help="Labelled file to check it on; give it again for more.", metavar="LABELS")
    ] = None,
    split: Annotated[
        str | None, typer.Option("--split", help="Only rows whose split column says so; test where there is such a column.")
    ] = None,
    text: Annotated[str | None, typer.Option("--text", help="Column with the messages; looked for when omitted.")] = None,
    columns: LabelColumns = None,
    encoding: EncodingOption = ENCODING,
    reason: ReasonOption = "",
    by: ByOption = None,
    force: Annotated[bool, typer.Option("--force", help="Promote all the same; needs a reason.")] = False,
    registry: RegistryOption = REGISTRY,
) -> None:
    """Put a model to work, after a check against the one in use on labelled rows.

    Refused when recall at the agreed false positive rate drops by over 1 point, when the calibration error rises by over
    0.02, when more clean messages are flagged, or when it can no longer flag a category at all.

    Exit codes: 0 it is in use, 1 refused, 2 usage, 65 input not understood, 66 no such model or input, 73 registry cannot be
    written.

    Example: moderation models promote ours --on labelled.csv --reason "October labels"
    """
    promote_model(
        name,
        on or [],
        split=split,
        text_column=text,
        columns=mapped_columns(columns),
        encoding=encoding,
        reason=reason,
        by=by,
        force=force,
        registry=registry,
    )


def promote_model(
    name: str,
    labels: list[str],
    *,
    split: str | None = None,
    text_column: str | None = None,
    columns: dict[str, str] | None = None,
    encoding: str = ENCODING,
    reason: str = "",
    by: str | None = None,
    force: bool = False,
    registry: Path = REGISTRY,
) -> None:
    """Check a candidate on labelled files, show both models' figures, and promote it.

    Raises:
        RefusedError: It is worse than the model in use.
        DataError: No row is left to judge on.
    """
    from moderation.registry import model_folder
    from moderation.registry.checking import check_candidate
    from moderation.registry.promoting import promote as put_to_work
    from moderation.registry.promoting import refuse_unexplained, tidy

    refuse_unexplained(force, reason, checked=bool(labels))
    tidy(registry)
    check = None
    if labels:
        rows = judging_rows(labels, split, text_column, columns, encoding)
        check = check_candidate(model_folder(name, registry), model_folder(None, registry), rows)
        _show_check(check)
    event = put_to_work(registry, name, check, by=by, reason=reason, force=force)
    say(f"{name} is in use already" if event is None else f"{event.version} is in use, before it {_version(event.previous)}")


@app.command()
def rollback(*, reason: ReasonOption = "", by: ByOption = None, registry: RegistryOption = REGISTRY) -> None:
    """Undo the last promotion: what was in use before it is again. Repeat to go further back.

    Exit codes: 0 done, 65 that model is refused, 66 nothing to go back to.

    Example: moderation models rollback --reason "too many false alarms"
    """
    from moderation.registry.promoting import rollback as go_back

    event = go_back(registry, by=by, reason=reason)
    say(f"{_version(event.version)} is in use again, before it {_version(event.previous)}")


def listed_models(registry: Path = REGISTRY) -> list[Listed]:
    """Every model there is a name for; one that is refused says why."""
    from moderation.classifier.model import load_model
    from moderation.registry import known_models, model_folder
    from moderation.registry.finding import VERSIONS, read_pointer
    from moderation.registry.history import PROMOTED, in_effect, read_history

    promoted = {}
    try:
        current = model_folder(None, registry)
        promoted = {e.version: e.when for e in in_effect(read_history(registry), read_pointer(registry)) if e.event == PROMOTED}
    except ModerationError as error:
        say(f"moderation: {error}")
        current = None
    listed = []
    for name, folder in known_models(registry).items():
        kind = {registry: "trained", registry / VERSIONS: "version"}.get(folder.parent, "shipped")
        model = rows = refused = None
        try:
            loaded = load_model(folder)
            model, rows = f"{loaded.name} {loaded.version}", loaded.facts.get("rows")
        except ModerationError as error:
            refused = str(error)
        when = promoted.get(name) if kind == "version" else None
        listed.append(Listed(name, str(folder), kind, model, rows, folder == current, when, refused))
    return listed


def model_history(name: str | None, registry: Path = REGISTRY) -> list[Event]:
    """What happened to a model, oldest first."""
    from moderation.registry import model_folder
    from moderation.registry.checking import model_digest
    from moderation.registry.finding import read_pointer
    from moderation.registry.history import in_effect, read_history

    digest = model_digest(model_folder(name, registry))
    return [event for event in in_effect(read_history(registry), read_pointer(registry)) if event.digest == digest]


def judging_rows(
    labels: list[str],
    split: str | None = None,
    text_column: str | None = None,
    columns: dict[str, str] | None = None,
    encoding: str = ENCODING,
) -> LabelledRows:
    """The rows of labelled files that may judge a model: those set aside for it, where the files say which.

    Raises:
        DataError: None belongs to the split.
    """
    from moderation.labelled import Noticed, read_labelled

    noticed = Noticed()
    rows = read_labelled(labels, text_column, columns=columns, encoding=encoding, noticed=noticed)
    say_noticed(noticed)
    if split is None and "split" in rows.facets:
        split = "test"
    if split is None:
        say("these rows have no split column: a candidate that learnt from any of them looks better than it is")
        return rows
    chosen = rows.select(rows.facet("split") == split)
    if not len(chosen):
        raise DataError(f"no row belongs to the split {split}")
    return chosen


def _show_check(check: Check) -> None:
    from rich.table import Table

    table = Table(box=None, padding=(0, 1))
    table.add_column("category")
    for name in ("positives", "negatives", "agreed FPR", "recall before", "recall", "ECE before", "ECE"):
        table.add_column(name, justify="right")
    for c in check.categories:
        figures = (c.recall_before, c.recall, c.calibration_error_before, c.calibration_error)
        table.add_row(
            c.category, f"{c.positives:,}", f"{c.negatives:,}", f"{c.false_positive_rate:.2%}", *(f"{f:.3f}" for f in figures)
        )
    console = out()
    if check.categories:
        console.print(table)
    console.print(
        f"clean in all categories: {check.clean_rows:,}, flagged before {check.clean_flagged_before:,}, "
        f"now {check.clean_flagged:,}"
    )


def _told(event: Event) -> list[str]:
    """An event in a line, and in one each the failures it was forced past."""
    from moderation.registry.history import PROMOTED, TRAINED

    said = f"{event.when} {event.event} by {event.who}"
    if event.event == TRAINED and event.data.get("rows"):
        said += f" from {event.data['rows']:,} rows"
    if event.event == PROMOTED:
        said += f" after a check on {event.check['rows']:,} rows" if event.check else " without a check"
    failures = event.check["failures"] if event.check else []
    return [said + (f": {event.why}" if event.why else ""), *(f"in spite of: {failure}" for failure in failures)]


def _version(version: str | None) -> str:
    return version or "the shipped model"
