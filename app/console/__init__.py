"""Console pages for staff. They combine features and hold no business rules."""
