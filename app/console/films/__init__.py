"""Films at the console: the list, the form of each part, and previews."""
