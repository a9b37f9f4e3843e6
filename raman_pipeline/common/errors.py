"""Base class of user errors, which the command line prints in one line."""

from __future__ import annotations


class InputError(Exception):
    """An input cannot be used; the message names it and the remedy."""
