"""A local stand-in for a campus: login servers, a learning platform, and a library proxy."""
