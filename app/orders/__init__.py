"""Carts, orders, payments, refunds, and shipments of institutions that license films."""
