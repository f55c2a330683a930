"""The route modules of all public pages."""

from app.storefront import (
    alert_routes,
    browse_routes,
    buyer_routes,
    cart_routes,
    checkout_routes,
    compare_routes,
    film_list_routes,
    film_routes,
    info_routes,
    license_routes,
    long_list_routes,
    lookup_routes,
    note_routes,
    order_routes,
    purchase_order_routes,
    quote_routes,
)

PARTS = (
    info_routes,
    browse_routes,
    film_routes,
    compare_routes,
    film_list_routes,
    note_routes,
    buyer_routes,
    cart_routes,
    checkout_routes,
    order_routes,
    quote_routes,
    purchase_order_routes,
    license_routes,
    lookup_routes,
    long_list_routes,
    alert_routes,
)
