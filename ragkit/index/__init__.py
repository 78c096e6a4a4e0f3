"""The object people hold: an index of folders, and what is done to keep it in order."""

from ragkit.index.index import Index

__all__ = ["Index"]
