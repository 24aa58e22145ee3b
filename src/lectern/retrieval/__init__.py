"""Finding the passages that answer: embeddings, BM25, their fusion, and how it is evaluated."""
