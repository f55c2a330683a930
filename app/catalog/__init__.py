"""Films and all that is known of them; search."""
