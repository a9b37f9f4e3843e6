"""The root of errors of use: what a person can mend, said in one line.

What belongs here: the class that the command line catches. What does not: its kinds, which lie
with what they are about.
"""

from __future__ import annotations


class InputError(Exception):
    """What was given cannot be used; the message names it and the remedy."""
