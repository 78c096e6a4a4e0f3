"""Office files: Word, PowerPoint, Excel and OpenDocument, and the zip files they are."""
