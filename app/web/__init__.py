"""What all pages share: the frame, macros, filters, static files, tokens for forms of guests."""
