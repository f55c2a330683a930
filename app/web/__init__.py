"""What every page shares: the frame, macros, filters, static files, and tokens for guests' forms."""
