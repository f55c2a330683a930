"""The route modules of the portal."""

from app.portal import (
    access_routes,
    account_routes,
    class_link_routes,
    exemption_routes,
    film_request_routes,
    find_order_routes,
    license_routes,
    me_routes,
    openid_routes,
    people_routes,
    profile_routes,
    renewal_routes,
    sign_in_routes,
    statement_routes,
    usage_routes,
    vendor_document_routes,
)

PARTS = (
    class_link_routes,
    access_routes,
    openid_routes,
    sign_in_routes,
    account_routes,
    profile_routes,
    license_routes,
    people_routes,
    film_request_routes,
    renewal_routes,
    statement_routes,
    usage_routes,
    exemption_routes,
    vendor_document_routes,
    me_routes,
    find_order_routes,
)
