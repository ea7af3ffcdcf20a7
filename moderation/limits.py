"""How much of a bad input is looked at before it is refused or cut. Each figure was found by trying.

The length at which a message is cut for scoring belongs to the kernel: `moderation.text.decoding.MAX_CHARACTERS`.
"""

PEEK_BYTES = 64 * 1024
"""How much of an input is looked at to tell its format."""

BLOCK_BYTES = 1024 * 1024
"""How much of an input is decoded at a time."""

MAX_BATCH_CHARACTERS = 64 * 1024 * 1024
"""A batch ends here even when it has fewer rows than asked for, so that long messages do not fill the memory."""

MAX_LINE_CHARACTERS = 64 * 1024 * 1024
"""A longer line is no message: the input is refused. Also the field limit of `csv`, which would stop at 131,072."""

MAX_QUOTED_LINES = 1_000
MAX_QUOTED_CHARACTERS = 1_000_000
"""A quoted CSV cell over more than one line that passes either was never closed: it does not swallow the rest of the file."""

MAX_JSON_CHARACTERS = 256 * 1024 * 1024
"""A ``.json`` document is held in memory as a whole; a longer one belongs into JSONL."""

MAX_COLUMNS = 2_000
"""A CSV header with more is none, and is refused. A JSON object that would bring in more has data for keys, and is unreadable."""

MAX_RAW_CHARACTERS = 50_000
"""How much is kept of a line that could not be read."""
