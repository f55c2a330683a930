"""Films at the console: found, edited part by part, previewed, and their history."""
