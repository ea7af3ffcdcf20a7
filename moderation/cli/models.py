"""``moderation models``: which models there are."""

from __future__ import annotations

from typing import Annotated

import typer

from moderation.cli.console import out

app = typer.Typer(no_args_is_help=True, help="List and show models.")


@app.command("list")
def list_models() -> None:
    """List the models that `--model` can name.

    Example: moderation models list
    """
    from moderation.errors import ModelError
    from moderation.registry import known_models, load_named_model

    console = out()
    for name, folder in known_models().items():
        try:
            model = load_named_model(str(folder))
            console.print(f"{name}  version {model.version}, {model.facts.get('rows', 0):,} rows, {folder}")
        except ModelError as error:
            console.print(f"{name}  refused: {error}")


@app.command()
def show(name: Annotated[str, typer.Argument(help="Name or folder.")] = "default") -> None:
    """Show a model's card.

    Example: moderation models show default
    """
    from moderation.registry import load_named_model

    out().print(load_named_model(name).card, markup=False)
