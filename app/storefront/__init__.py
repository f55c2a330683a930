"""Pages for buyers. The rules are in the packages below."""
