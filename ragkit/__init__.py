"""Search a folder of documents by meaning, and ask it questions with checkable citations."""
