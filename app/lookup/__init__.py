"""Long lists of titles: kept for some days, matched by the worker, answered a page at a time."""
