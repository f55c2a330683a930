"""People, subjects and collections at the console."""
