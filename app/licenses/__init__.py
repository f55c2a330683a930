"""What was granted: the license, its certificate and its public verification."""
