"""Where passages are kept and found: Qdrant Edge in process, or a Qdrant server."""
