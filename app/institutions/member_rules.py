"""What people of an institution may do to each other. Pure."""

from app.institutions.member_models import Member, MemberRole

_GRANTS = {
    MemberRole.LIBRARIAN: frozenset(MemberRole) - {MemberRole.APPROVER},
    MemberRole.APPROVER: frozenset(MemberRole),
}


def grantable_roles(manager: Member) -> frozenset[MemberRole]:
    """Return the roles that a person may give to others; empty: they manage nobody."""
    return frozenset[MemberRole]().union(
        *(roles for role, roles in _GRANTS.items() if manager.has_role(role))
    )


def can_set_limits(manager: Member) -> bool:
    """Return whether a person may set spending limits of others."""
    return manager.has_role(MemberRole.APPROVER)


def can_manage(manager: Member, person: Member) -> bool:
    """Return whether ``manager`` may change or deactivate ``person``: never themselves."""
    return (
        manager.active
        and manager.institution_id is not None
        and manager.institution_id == person.institution_id
        and manager.id != person.id
        and grantable_roles(manager).issuperset(map(MemberRole, person.roles))
        and bool(grantable_roles(manager))
    )
