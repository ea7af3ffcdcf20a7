"""``moderation models``: which models there are."""

from __future__ import annotations

from typing import Annotated

import typer

from moderation.cli.console import shown, write_out

app = typer.Typer(no_args_is_help=True, help="List and show models.")


@app.command("list")
def list_models() -> None:
    """List the models that `--model` can name.

    Example: moderation models list
    """
    from moderation.errors import ModelError
    from moderation.registry import known_models, load_named_model

    for name, folder in known_models().items():
        try:
            model = load_named_model(str(folder))
            said = f"version {model.version}, {model.facts.get('rows', 'unknown')} rows, {folder}"
        except ModelError as error:
            said = f"refused: {error}"
        write_out(f"{shown(name)}  {shown(said)}\n")


@app.command()
def show(name: Annotated[str, typer.Argument(help="Name or folder.")] = "default") -> None:
    """Show a model's card.

    Example: moderation models show default
    """
    from moderation.registry import load_named_model

    card = load_named_model(name).card
    write_out("".join(f"{shown(line)}\n" for line in card.splitlines()))
