"""Tells, for every customer message, how likely it breaks the Customer Code of Conduct, why, and how urgent it is."""

__version__ = "0.1.0"
