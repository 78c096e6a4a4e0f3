"""Text as words, sentences, dates and quantities; knows no document."""
