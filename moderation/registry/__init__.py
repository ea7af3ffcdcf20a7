"""Where models live, which one is in use, and how that came to be.

A registry is a folder, ``models`` in the current folder unless said otherwise::

    models/NAME/           what `moderation train` wrote there last; training again with --force replaces it
    models/versions/ID/    every training and promotion: a copy that nothing here ever changes or deletes
    models/current         one line: the ID in use; without this file it is the shipped model
    models/history.jsonl   who did what, when, why, from what data, with which figures; one line an event

Readers need no lock: `current` is replaced in one step, and what it names never changes. Writers take turns.
"""

from moderation.registry.finding import current_folder, known_models, load_named_model, model_folder

__all__ = ["current_folder", "known_models", "load_named_model", "model_folder"]
