"""Errors of the models room."""


class ModelError(ValueError):
    """Notes or an embedder that cannot be used; the message says which and what is allowed."""
