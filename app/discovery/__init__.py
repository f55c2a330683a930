"""Search engines, feeds, harvesters, and citations."""
