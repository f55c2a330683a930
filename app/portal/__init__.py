"""Pages and feeds for the people of an institution."""
