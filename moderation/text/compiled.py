"""The decorators of the compiled kernel, with a cache on disk that knows when it is out of date.

numba's own cache looks only at the file of the function it compiles, not at the functions that one calls. Ours lies in a
folder named after the content of the whole kernel and the version of numba, so changed code is never served stale.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from typing import Any

import numba
from numba.core import config as _numba_config

config: Any = _numba_config

_SOURCES = (
    *("characters.py", "codes.py", "decoding.py", "hashing.py", "links.py"),
    *("kinds.py", "masks.py", "ngrams.py", "prefetch.py", "runs.py", "spelling.py", "thesaurus.py", "vocabulary.py", "words.py"),
)


@cache
def _cache_folder() -> str:
    """Our folder below the user's cache folder; empty, which leaves the choice to numba, where that cannot be written."""
    digest = hashlib.sha256(numba.__version__.encode())
    for name in _SOURCES:
        digest.update(Path(__file__).with_name(name).read_bytes())
    try:
        folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "moderation" / digest.hexdigest()[:16]
        folder.mkdir(parents=True, exist_ok=True)
    except (OSError, RuntimeError):
        return ""
    return str(folder) if os.access(folder, os.W_OK) else ""


def _compile(function: Callable[..., Any], *, forceinline: bool) -> Callable[..., Any]:
    before = config.CACHE_DIR
    config.CACHE_DIR = before or _cache_folder()
    try:
        compiled_function: Callable[..., Any] = numba.njit(cache=True, nogil=True, forceinline=forceinline)(function)
    finally:
        config.CACHE_DIR = before
    return compiled_function


compiled = partial(_compile, forceinline=False)
"""Decorator: compile on first use, keep the result on disk, hold no lock while running."""

inlined = partial(_compile, forceinline=True)
"""Decorator: like `compiled`, for the small functions that every character passes through."""
