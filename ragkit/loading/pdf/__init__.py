"""PDF files: text page by page, with page labels, outline and document information."""

from ragkit.loading.pdf.document import load_pdf

__all__ = ["load_pdf"]
