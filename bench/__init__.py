"""Measure the store against the limit: a bare application that returns the same bytes from memory.

``make bench`` prints ratios within one run, as absolute figures differ between machines.
"""
