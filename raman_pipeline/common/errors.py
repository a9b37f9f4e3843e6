"""Base classes of errors and warnings for the user, which the command line prints in one line."""

from __future__ import annotations


class InputError(Exception):
    """An input cannot be used; the message names it and the remedy."""


class Advice(UserWarning):
    """The message names what works less well than it could, and the remedy."""


class EarlierVersionError(InputError):
    """A file of the store was made by an earlier version of this package."""

    def __init__(self, path: object, lacks: str) -> None:
        super().__init__(
            f"{path} was made by an earlier version of raman_pipeline (lacks "
            f"{lacks}); run `raman-pipeline run` to make it again"
        )
        self._arguments = path, lacks

    def __reduce__(self) -> tuple[type[EarlierVersionError], tuple[object, str]]:
        """Rebuilds it in another process, which an argument of its own would break."""
        return type(self), self._arguments
