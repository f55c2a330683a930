"""All public pages, part by part."""

from app.storefront import (
    alert_routes,
    browse_routes,
    cart_routes,
    checkout_routes,
    compare_routes,
    film_routes,
    license_routes,
    long_list_routes,
    lookup_routes,
    note_routes,
    order_routes,
    people_routes,
    reading_routes,
    shelf_routes,
    who_routes,
)

PARTS = (
    reading_routes,
    browse_routes,
    film_routes,
    compare_routes,
    shelf_routes,
    people_routes,
    note_routes,
    who_routes,
    cart_routes,
    checkout_routes,
    order_routes,
    license_routes,
    lookup_routes,
    long_list_routes,
    alert_routes,
)
