"""Codes and terms of library records: languages, relators, countries. Pure."""

import re
from collections.abc import Iterator
from functools import lru_cache

import pycountry

from app.catalog import countries_languages
from app.catalog.countries_languages import marc_language
from app.catalog.enums import Color, CreditRole
from app.catalog.titles import folded
from app.offers.states import Delivery

# The MARC code list for languages. Each language that has none is filed under one that has.
_MARC_LANGUAGE_CODES = """
        aar abk ace ach ada ady afa afh afr ain aka akk alb ale alg alt amh ang anp apa ara arc
    arg arm arn arp art arw asm ast ath aus ava ave awa aym aze bad bai bak bal bam ban baq bas
    bat bej bel bem ben ber bho bih bik bin bis bla bnt bos bra bre btk bua bug bul bur byn cad
    cai car cat cau ceb cel cha chb che chg chi chk chm chn cho chp chr chu chv chy cmc cop cor
    cos cpe cpf cpp cre crh crp csb cus cze dak dan dar day del den dgr din div doi dra dsb dua
    dum dut dyu dzo efi egy eka elx eng enm epo est ewe ewo fan fao fat fij fil fin fiu fon fre
    frm fro frr frs fry ful fur gaa gay gba gem geo ger gez gil gla gle glg glv gmh goh gon gor
    got grb grc gre grn gsw guj gwi hai hat hau haw heb her hil him hin hit hmn hmo hrv hsb hun
    hup iba ibo ice ido iii ijo iku ile ilo ina inc ind ine inh ipk ira iro ita jav jbo jpn jpr
    jrb kaa kab kac kal kam kan kar kas kau kaw kaz kbd kha khi khm kho kik kin kir kmb kok kom
    kon kor kos kpe krc krl kro kru kua kum kur kut lad lah lam lao lat lav lez lim lin lit lol
    loz ltz lua lub lug lui lun luo lus mac mad mag mah mai mak mal man mao map mar mas may mdf
    mdr men mga mic min mis mkh mlg mlt mnc mni mno moh mon mos mul mun mus mwl mwr myn myv nah
    nai nap nau nav nbl nde ndo nds nep new nia nic niu nno nob nog non nor nqo nso nub nwc nya
    nym nyn nyo nzi oci oji ori orm osa oss ota oto paa pag pal pam pan pap pau peo per phi phn
    pli pol pon por pra pro pus que raj rap rar roa roh rom rum run rup rus sad sag sah sai sal
    sam san sas sat scn sco sel sem sga sgn shn sid sin sio sit sla slo slv sma sme smi smj smn
    smo sms sna snd snk sog som son sot spa srd srn srp srr ssa ssw suk sun sus sux swa swe syc
    syr tah tai tam tat tel tem ter tet tgk tgl tha tib tig tir tiv tkl tlh tli tmh tog ton tpi
    tsi tsn tso tuk tum tup tur tut tvl twi tyv udm uga uig ukr umb und urd uzb vai ven vie vol
    vot wak wal war was wel wen wln wol xal xho yao yap yid yor ypk zap zbl zen zha znd zul zun
    zxx zza
"""
MARC_LANGUAGES = frozenset(_MARC_LANGUAGE_CODES.split())
NEAREST_LANGUAGES = {
    "als": "alb",
    "apc": "ara",
    "arb": "ara",
    "ary": "ara",
    "arz": "ara",
    "acm": "ara",
    "ase": "sgn",
    "azj": "aze",
    "bfi": "sgn",
    "ckb": "kur",
    "cmn": "chi",
    "ekk": "est",
    "gug": "grn",
    "hak": "chi",
    "hbs": "sla",
    "khk": "mon",
    "kmr": "kur",
    "lvs": "lav",
    "nan": "chi",
    "npi": "nep",
    "ory": "ori",
    "pbu": "pus",
    "pes": "per",
    "plt": "mlg",
    "prs": "per",
    "quz": "que",
    "swh": "swa",
    "uzn": "uzb",
    "wuu": "chi",
    "ydd": "yid",
    "yue": "chi",
    "zsm": "may",
}
MISCELLANEOUS = "mis"

# MARC 007/03 and field 300.
COLOR_CODES = {Color.COLOR: "c", Color.BLACK_AND_WHITE: "b", Color.MIXED: "m"}
COLOR_LABELS = {
    Color.COLOR: "color",
    Color.BLACK_AND_WHITE: "black and white",
    Color.MIXED: "color and black and white",
}

# The term for each role in an added entry.
RELATORS = {
    CreditRole.DIRECTOR: "film director",
    CreditRole.WRITER: "screenwriter",
    CreditRole.PRODUCER: "film producer",
    CreditRole.EXECUTIVE_PRODUCER: "executive producer",
    CreditRole.CINEMATOGRAPHER: "director of photography",
    CreditRole.EDITOR: "film editor",
    CreditRole.COMPOSER: "composer",
    CreditRole.SOUND: "sound designer",
    CreditRole.NARRATOR: "narrator",
    CreditRole.PARTICIPANT: "onscreen participant",
    CreditRole.PRODUCTION_COMPANY: "production company",
    CreditRole.DISTRIBUTOR: "film distributor",
}

ONLINE_DELIVERIES = frozenset({Delivery.FILE, Delivery.STREAM})
AUTHORIZED_COUNTRY_NAMES = {
    "AN": "Netherlands Antilles",
    "BU": "Burma",
    "CD": "Congo (Democratic Republic)",
    "CG": "Congo (Brazzaville)",
    "CV": "Cabo Verde",
    "CZ": "Czech Republic",
    "DD": "Germany (East)",
    "DY": "Benin",
    "FM": "Micronesia (Federated States)",
    "GB": "Great Britain",
    "GE": "Georgia (Republic)",
    "HK": "Hong Kong (China)",
    "HV": "Burkina Faso",
    "KP": "Korea (North)",
    "KR": "Korea (South)",
    "MM": "Burma",
    "MO": "Macau (China : Special Administrative Region)",
    "NH": "New Hebrides",
    "PS": "Palestine",
    "RH": "Southern Rhodesia",
    "RU": "Russia (Federation)",
    "ST": "Sao Tome and Principe",
    "TP": "Timor-Leste",
    "TR": "Turkey",
    "VD": "Vietnam (Democratic Republic)",
    "VI": "Virgin Islands of the United States",
    "XK": "Kosovo (Republic)",
    "YD": "Yemen (People's Democratic Republic)",
    "ZR": "Zaire",
}
# Earlier headings, parts of a country, and abbreviations in catalogs.
OTHER_COUNTRY_NAMES = {
    "Bosnia and Hercegovina": "BA",
    "Cape Verde": "CV",
    "China (Republic : 1949-)": "TW",
    "Congo": "CG",
    "Congo (Republic)": "CG",
    "East Timor": "TL",
    "England": "GB",
    "Germany (West)": "DE",
    "Holland": "NL",
    "Hong Kong": "HK",
    "Ivory Coast": "CI",
    "Kosovo": "XK",
    "Macau": "MO",
    "Macedonia": "MK",
    "Macedonia (Republic)": "MK",
    "Myanmar": "MM",
    "Northern Ireland": "GB",
    "Palestinian Territories": "PS",
    "Republic of Georgia": "GE",
    "Russia": "RU",
    "Scotland": "GB",
    "Swaziland": "SZ",
    "Timor-Leste": "TL",
    "U.K.": "GB",
    "U.S.": "US",
    "U.S.A.": "US",
    "UK": "GB",
    "USA": "US",
    "USSR": "SU",
    "United States of America": "US",
    "Vatican": "VA",
    "Wales": "GB",
    "West Germany": "DE",
}
SAINT = re.compile(r"\bSt\. ")
NOT_IN_NAMES = re.compile(r"[\W_]+")


@lru_cache(maxsize=1024)
def language_code(code: str) -> str:
    """Return the MARC code of a language given in ISO 639-3.

    >>> language_code("deu"), language_code("cmn"), language_code("che"), language_code("aaa")
    ('ger', 'chi', 'che', 'mis')
    """
    found = NEAREST_LANGUAGES.get(code) or marc_language(code)
    return found if found in MARC_LANGUAGES else MISCELLANEOUS


@lru_cache(maxsize=1024)
def authorized_name(code: str) -> str:
    """Return the country's heading.

    >>> authorized_name("GB"), authorized_name("BA"), authorized_name("LC")
    ('Great Britain', 'Bosnia and Herzegovina', 'Saint Lucia')
    """
    name = AUTHORIZED_COUNTRY_NAMES.get(code) or countries_languages.country_name(code)
    return SAINT.sub("Saint ", name.replace(" & ", " and "))


def find_country_code(name: str) -> str | None:
    """Return the code of a country by its name in a record, or None.

    >>> find_country_code("Russia (Federation)"), find_country_code("Atlantis")
    ('RU', None)
    """
    return _codes_by_name().get(_normalize_name(name))


@lru_cache(maxsize=1)
def _codes_by_name() -> dict[str, str]:
    # Later entries win: present countries over former ones of the same name.
    listed = [(_normalize_name(name), code) for name, code in _everyday_names()]
    listed += [(_normalize_name(name), code) for name, code in OTHER_COUNTRY_NAMES.items()]
    listed += [(_normalize_name(authorized_name(code)), code) for code in AUTHORIZED_COUNTRY_NAMES]
    present = {country.alpha_2 for country in pycountry.countries}
    return dict(sorted(listed, key=lambda pair: pair[1] in present))


def _everyday_names() -> Iterator[tuple[str, str]]:
    for country in pycountry.countries:
        for field in ("name", "official_name", "common_name"):
            if hasattr(country, field):
                yield getattr(country, field), country.alpha_2
        yield authorized_name(country.alpha_2), country.alpha_2
        yield countries_languages.country_name(country.alpha_2), country.alpha_2
    for code, name in countries_languages.COUNTRY_NAMES.items():
        yield name, code


def _normalize_name(name: str) -> str:
    """Return a name for comparison: folded, without punctuation and a leading "the".

    >>> _normalize_name("Korea (South)."), _normalize_name("The Gambia")
    ('korea south', 'gambia')
    """
    return NOT_IN_NAMES.sub(" ", folded(name).replace("&", "and")).strip().removeprefix("the ")
