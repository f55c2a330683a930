"""Reelright: licensing documentary films to institutions."""
