"""What people do at the store, done with a real browser.

The system's Chromium is driven through a whole running store: web, worker and sandbox. Without a
browser these tests are skipped, except where CI is set. See ``screenshot.py`` for the picture in
the README.
"""
