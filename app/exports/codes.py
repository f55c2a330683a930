"""Codes and terms of library records: languages, relators. Pure."""

from functools import lru_cache

from app.catalog.countries_languages import marc_language
from app.catalog.enums import Color, CreditRole
from app.offers.states import Delivery

# The MARC code list for languages. Each language that has none is filed under one that has.
LISTED = """
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
MARC_LANGUAGES = frozenset(LISTED.split())
NEAREST = {
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

# What MARC 007/03 and field 300 say of the picture.
COLOR_CODES = {Color.COLOR: "c", Color.BLACK_AND_WHITE: "b", Color.MIXED: "m"}
COLOR_LABELS = {
    Color.COLOR: "color",
    Color.BLACK_AND_WHITE: "black and white",
    Color.MIXED: "color and black and white",
}

# How a role is called in an added entry.
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

ONLINE = frozenset({Delivery.FILE, Delivery.STREAM})


@lru_cache(maxsize=1024)
def language(code: str) -> str:
    """Return the MARC code of a language given in ISO 639-3.

    >>> language("deu"), language("cmn"), language("che"), language("aaa")
    ('ger', 'chi', 'che', 'mis')
    """
    found = NEAREST.get(code) or marc_language(code)
    return found if found in MARC_LANGUAGES else MISCELLANEOUS
