"""Films from files and into files: CSV, XLSX, JSON Lines. See docs/catalog.md."""
