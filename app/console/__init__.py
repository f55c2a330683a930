"""Pages for the distributor's own staff. They mix features and hold no rules of their own."""
