"""Institutions that buy: their records, people, sites, identifiers, and sign-in."""
