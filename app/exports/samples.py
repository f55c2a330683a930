"""What the addresses answer, in small, for the API's own description."""

MRK_SAMPLE = """=LDR  00000ngm a22000003i 4500
=001  the-red-soul-dvd
=003  REELRIGHT
=005  20261122093000.0
=007  vd\\mvaizu
=008  261122p20182017nyu090\\g\\\\\\\\\\\\\\\\\\\\vlrus\\d
=245  04$aThe Red Soul /$cdirected by Jessica Gorter.
"""
XML_SAMPLE = """<?xml version="1.0" encoding="UTF-8"?>
<collection xmlns="http://www.loc.gov/MARC21/slim">
<record>
<leader>00000ngm a22000003i 4500</leader>
<controlfield tag="001">the-red-soul-dvd</controlfield>
<controlfield tag="003">REELRIGHT</controlfield>
<datafield ind1="0" ind2="4" tag="245">
<subfield code="a">The Red Soul /</subfield>
<subfield code="c">directed by Jessica Gorter.</subfield>
</datafield>
</record>
</collection>
"""
KBART_SAMPLE = (
    "publication_title\tprint_identifier\tonline_identifier\tdate_first_issue_online\t...\n"
    "The Red Soul\t\t\t\t...\n"
)
