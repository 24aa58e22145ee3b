"""Programs that measure Lectern; each prints one JSON document. See README.md in this folder."""
