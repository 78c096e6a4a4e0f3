"""Pictures of text -> text: pages without text, and picture files."""
