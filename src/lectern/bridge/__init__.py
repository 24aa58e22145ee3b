"""HTTP face: an application around the assistant, the built-in page, and the server."""
