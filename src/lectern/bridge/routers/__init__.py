"""One router for each resource; a route converts, calls, and converts back."""
