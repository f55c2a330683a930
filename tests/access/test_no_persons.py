"""No table of access has a column for a person."""

import pytest

from app.access import models
from app.core.db import Base

# Everything that is kept. A new column is added here with a thought of what it tells of a viewer.
COLUMNS = {
    "ip_ranges": "id institution_id site_id first last is_public created_at updated_at",
    "access_settings": (
        "id institution_id has_email_links proxy_prefix contact created_at updated_at"
    ),
    "saml_registrations": (
        "id institution_id entity_id metadata_url signing_certificate metadata_xml scopes "
        "valid_until fetched_at next_fetch_at failure created_at updated_at"
    ),
    "lti_registrations": (
        "id institution_id issuer client_id deployments login_url keys_url created_at updated_at"
    ),
    "access_logins": "id kind state_hash institution_id nonce target expires_at used_at",
    "assertions_seen": "id key_hash expires_at",
    # The member is who made the link: a person with an account, and no viewer.
    "class_links": (
        "id ref institution_id member_id film_id label max_uses uses expires_at withdrawn_at "
        "created_at updated_at"
    ),
    "access_refusals": "id institution_id at method reason",
    "access_keys": "id purpose private_key certificate created_at updated_at",
}


@pytest.mark.once
def test_tables_of_access_hold_no_person() -> None:
    tables = {
        mapper.local_table.name: {column.name for column in mapper.local_table.columns}  # type: ignore[attr-defined]
        for mapper in Base.registry.mappers
        if mapper.class_.__module__ == models.__name__
    }
    assert tables == {name: set(columns.split()) for name, columns in COLUMNS.items()}
