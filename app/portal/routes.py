"""The route modules of the portal."""

from app.portal import find_order_routes

PARTS = (find_order_routes,)
