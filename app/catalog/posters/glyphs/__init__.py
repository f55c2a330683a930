"""Outline tables of the three typefaces (OFL; licenses beside them), made by ``tools/extract_glyphs.py``."""
