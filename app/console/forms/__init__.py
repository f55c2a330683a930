"""Forms of the console as data: declared once, then drawn, read, checked and drawn again."""
