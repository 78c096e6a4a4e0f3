"""Where the work of the write path runs."""
