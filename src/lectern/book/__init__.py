"""Reading a book: sources, documents with sections, passages, sentences and plain text."""
