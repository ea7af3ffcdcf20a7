"""How much of a bad input is looked at before it is refused or cut. Each figure was found by trying.

The length at which a message is cut for scoring belongs to the kernel: `moderation.text.decoding.MAX_CHARACTERS`.
"""

PEEK_BYTES = 64 * 1024
"""How much of an input is looked at to tell its format."""

BLOCK_BYTES = 1024 * 1024
"""How much of an input is decoded at a time."""

MAX_BATCH_CHARACTERS = 64 * 1024 * 1024
"""A batch ends here even when it has fewer rows than asked for, so that long messages do not fill the memory."""

MAX_BATCH_CELLS = 4_000_000
"""A batch of JSON ends here, too: each line may bring keys that all others lack, and half a megabyte of them took a gigabyte."""

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

MAX_UNPACKED_RATIO = 300
UNPACKED_GRACE_BYTES = 64 * 1024 * 1024
"""A compressed file is refused once more than the second came out of it and more than the first times what went in: the wordiest
JSONL shrinks to a hundredth, a bomb to a thousandth or less."""

MAX_CHAT_CHARACTERS = 1_000_000
"""How much is kept of one message of a chat export, which goes on until a line begins another one."""

MAX_MAIL_BYTES = 32 * 1024 * 1024
MAX_SEARCHED_BYTES = 8 * MAX_MAIL_BYTES
"""How much of one mail is looked at, and how much is searched for boundaries, which takes as many times as parts are nested."""

MAX_MAIL_TEXT_BYTES = 512 * 1024
"""How much text of one mail is decoded, all parts together: markup included, many times what is scored."""

MAX_MAIL_PARTS = 1_000
"""The standard library takes 14 s for 100,000."""

MAX_MAIL_DEPTH = 64
"""How deeply parts of a mail may be nested. The standard library runs out of stack at 1,500."""

MAX_MAIL_HEADERS = 1_000
MAX_MAIL_HEADER_BYTES = 8_192
"""How many header fields are looked at, and how much of each. The standard library takes 40 s for a subject of 2 MB."""

MAX_HTML_DEPTH = 200
"""Elements nested more deeply are not told apart from those around them; tables in tables of real mails reach some 60."""

MAX_STYLE_RULES = 5_000
"""How many selectors in the style sheets of a mail can hide something; those behind them can only show it."""

MAX_PARAMETERS = 100
"""How many parameters of a field such as Content-Type are looked at."""

MAX_MENDED_CHARACTERS = 50_000
"""How much of a mail's text is repaired where encodings were mixed up, which is slow: as much as is scored."""

MAX_ZIP_RATIO = 200
ZIP_GRACE_BYTES = 1024 * 1024
"""A member of a zip archive that would get longer than the second, and than the first times what it is, stays packed."""

MAX_ZIP_DIRECTORY_BYTES = 32 * 1024 * 1024
"""The list of members is held in memory as a whole: some 300,000."""
