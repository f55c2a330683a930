"""The route modules of the portal."""

from app.portal import account_routes, find_order_routes, sign_in_routes

PARTS = (find_order_routes, sign_in_routes, account_routes)
