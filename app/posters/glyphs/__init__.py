"""Outline tables of the three typefaces, made by ``tools/extract_glyphs.py``; OFL, see beside."""
