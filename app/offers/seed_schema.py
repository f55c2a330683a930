"""The seed files of the offers, and how their templates unfold into offers, prices and windows."""

from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Annotated

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from app.accounts.customers import CustomerClass
from app.catalog.seed_schema import SeedError, read
from app.core.money import DECIMALS, MoneyOut
from app.offers.bundles import RightsBundle
from app.offers.staff_schemas import LicenseTextIn, OfferIn, PriceIn, TextReference, WindowIn
from app.offers.states import Delivery, HeldRight
from app.offers.terms import Term

FENCE = "---"
MAIN_VERSION = "main"


def _exact(value: object) -> object:
    """Refuse a float: 49.95 has no exact one."""
    if isinstance(value, float):
        msg = f'write {value} as a string: "{value:.2f}"'
        raise ValueError(msg)  # noqa: TRY004 - pydantic turns only ValueError into a message
    return value


Amount = Annotated[Decimal, BeforeValidator(_exact), Field(ge=0, max_digits=9)]
# One amount for every size, or a set of bands by name with an amount for each.
Amounts = Amount | dict[str, list[Amount]]
PriceList = dict[str, dict[CustomerClass, Amounts]]


class _Seed(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class OfferTemplate(_Seed):
    """A kind of offer that many films have."""

    title: str
    delivery: Delivery
    bundle: str
    term: Term
    license_text: TextReference


class FilmOffers(_Seed):
    """What is sold of one film."""

    prices: str
    offers: list[str] | None = None
    versions: list[str] = [MAIN_VERSION]
    territory: list[str] = ["WORLD"]
    override: PriceList = {}


class OffersFile(_Seed):
    """``seeds/offers.yaml``."""

    currency: str
    valid_from: date
    bundles: dict[str, RightsBundle]
    kinds: dict[str, OfferTemplate]
    bands: dict[str, list[int]]
    price_lists: dict[str, PriceList]
    films: dict[str, FilmOffers]


class ContractChange(_Seed):
    """What an owner changed after the offers were on sale."""

    ends_in_days: int | None = Field(default=None, ge=0)
    may_sublicense_perpetual: bool


class GrantTemplate(_Seed):
    """What a contract grants, under a name."""

    rights: list[HeldRight]
    territory: list[str]
    starts_on: date | None = None
    ends_on: date | None = None
    max_term_months: int | None = None
    may_sublicense_perpetual: bool
    notice: ContractChange | None = None


class WindowsFile(_Seed):
    """``seeds/rights_windows.yaml``."""

    owner: str
    royalty_bp: int
    starts_on: date
    grants: dict[str, GrantTemplate]
    usual: list[str]
    films: dict[str, list[str]]


class OfferSeed(_Seed):
    """One offer, unfolded. ``versions`` still says "main": the catalog knows which that is."""

    offer: OfferIn
    prices: list[PriceIn]


class WindowSeed(_Seed):
    """One rights window, unfolded."""

    window: WindowIn
    notice: ContractChange | None


def read_license_texts(folder: Path) -> Iterator[LicenseTextIn]:
    """Read ``seeds/license_texts/*.md``: a head of code, version and title between two fences.

    Raises:
        SeedError: a file is not like that; names it.
    """
    for path in sorted((folder / "license_texts").glob("*.md")):
        parts = path.read_text(encoding="utf-8").split(f"{FENCE}\n", maxsplit=2)
        if len(parts) != len(("", "head", "body")) or parts[0]:
            msg = f"{path.name}: begins with a head between two lines of {FENCE}"
            raise SeedError(msg)
        try:
            yield LicenseTextIn.model_validate({**yaml.safe_load(parts[1]), "body": parts[2]})
        except (yaml.YAMLError, TypeError, ValueError) as error:
            msg = f"{path.name}: {error}"
            raise SeedError(msg) from error


def read_offers(folder: Path) -> Iterator[OfferSeed]:
    """Read ``seeds/offers.yaml`` and unfold it, film by film.

    Raises:
        SeedError: it is not readable, or refers to what it does not define; names the film.
    """
    file = read(folder / "offers.yaml", OffersFile)
    for slug, film in file.films.items():
        try:
            yield from _offers_of(file, slug, film)
        except (KeyError, ValueError) as error:
            msg = f"offers.yaml: {slug}: {error}"
            raise SeedError(msg) from error


def read_windows(folder: Path) -> Iterator[WindowSeed]:
    """Read ``seeds/rights_windows.yaml`` and unfold it, for every film that has offers or windows.

    Raises:
        SeedError: it is not readable, or refers to what it does not define; names the film.
    """
    file = read(folder / "rights_windows.yaml", WindowsFile)
    selling = read(folder / "offers.yaml", OffersFile).films
    for slug in {**selling, **file.films}:
        for name in file.films.get(slug, file.usual):
            if name not in file.grants:
                msg = f"rights_windows.yaml: {slug}: there is no grant {name!r}"
                raise SeedError(msg)
            yield from _windows_of(file, slug, file.grants[name])


def _offers_of(file: OffersFile, slug: str, film: FilmOffers) -> Iterator[OfferSeed]:
    price_list = file.price_lists[film.prices]
    for position, name in enumerate(film.offers or price_list):
        kind = file.kinds[name]
        amounts = {**price_list[name], **film.override.get(name, {})}
        yield OfferSeed(
            offer=OfferIn(
                sku=f"{slug}-{name}",
                film=slug,
                title=kind.title,
                delivery=kind.delivery,
                versions=film.versions,
                rights=file.bundles[kind.bundle],
                term=kind.term,
                territory=film.territory,
                license_text=kind.license_text,
                position=position,
            ),
            prices=list(_prices(file, amounts)),
        )


def _prices(file: OffersFile, amounts: Mapping[CustomerClass, Amounts]) -> Iterator[PriceIn]:
    for customer_class, given in amounts.items():
        by_band = given if isinstance(given, dict) else {"": [given]}
        for bands, values in by_band.items():
            edges = file.bands[bands] if bands else [0]
            for size_from, size_below, value in zip(edges, [*edges[1:], None], values, strict=True):
                yield PriceIn(
                    customer_class=customer_class,
                    size_from=size_from,
                    size_below=size_below,
                    price=MoneyOut(amount=_minor(value, file.currency), currency=file.currency),
                    valid_from=file.valid_from,
                )


def _minor(value: Decimal, currency: str) -> int:
    """Return an amount in minor units: 4995 for 49.95 dollars."""
    minor = value.scaleb(DECIMALS[currency])
    if minor != minor.to_integral_value():
        msg = f"{value} {currency} has too many decimals"
        raise ValueError(msg)
    return int(minor)


def _windows_of(file: WindowsFile, slug: str, grant: GrantTemplate) -> Iterator[WindowSeed]:
    for right in grant.rights:
        yield WindowSeed(
            window=WindowIn(
                film=slug,
                right=right,
                contract_ref=f"sample/{slug}"[:80],
                owner=file.owner,
                territory=grant.territory,
                starts_on=grant.starts_on or file.starts_on,
                ends_on=grant.ends_on,
                max_term_months=grant.max_term_months,
                may_sublicense_perpetual=grant.may_sublicense_perpetual,
                royalty_bp=file.royalty_bp,
            ),
            notice=grant.notice,
        )
