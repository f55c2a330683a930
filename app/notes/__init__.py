"""What educators write about films: sent, confirmed by email, read by staff, then shown."""
