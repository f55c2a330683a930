"""OAI-PMH 2.0: how library systems harvest the catalog, and keep up with it."""
