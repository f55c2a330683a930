"""What educators write about films: sent, confirmed by mail, read by staff, then shown."""
