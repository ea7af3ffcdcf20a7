"""The five categories of the Code, in the order of every array, column and file."""

CATEGORIES = ("abusive", "threatening", "hoax", "hate", "spam")
