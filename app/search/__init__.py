"""Search and browse: one index of all public films in memory, and what is asked of it."""
