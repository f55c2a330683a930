"""Pages for buyers. They mix what the features know and hold no rules of their own."""
