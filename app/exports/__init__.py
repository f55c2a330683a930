"""The catalog in libraries' own formats: MARC 21 records, delta files, KBART."""
