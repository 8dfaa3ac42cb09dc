"""Codes of countries, states of the USA and provinces of Canada, from the names that people enter
in forms.

Sources: ISO 3166-1; the two-letter codes of the United States Postal Service and of Canada Post.
"""

import re

from destinations.normal_form import normal_form

_COUNTRIES = """
AD Andorra; AE United Arab Emirates, UAE; AF Afghanistan; AG Antigua and Barbuda; AI Anguilla
AL Albania; AM Armenia; AO Angola; AQ Antarctica; AR Argentina; AS American Samoa; AT Austria
AU Australia; AW Aruba; AX Åland Islands, Aland Islands; AZ Azerbaijan
BA Bosnia and Herzegovina; BB Barbados; BD Bangladesh; BE Belgium; BF Burkina Faso; BG Bulgaria
BH Bahrain; BI Burundi; BJ Benin; BL Saint Barthélemy; BM Bermuda; BN Brunei, Brunei Darussalam
BO Bolivia; BQ Caribbean Netherlands; BR Brazil; BS Bahamas; BT Bhutan; BV Bouvet Island
BW Botswana; BY Belarus; BZ Belize
CA Canada; CC Cocos Islands; CD Democratic Republic of the Congo; CF Central African Republic
CG Congo, Republic of the Congo; CH Switzerland; CI Côte d'Ivoire, Ivory Coast; CK Cook Islands
CL Chile; CM Cameroon; CN China; CO Colombia; CR Costa Rica; CU Cuba; CV Cape Verde, Cabo Verde
CW Curaçao, Curacao; CX Christmas Island; CY Cyprus; CZ Czechia, Czech Republic
DE Germany; DJ Djibouti; DK Denmark; DM Dominica; DO Dominican Republic; DZ Algeria
EC Ecuador; EE Estonia; EG Egypt; EH Western Sahara; ER Eritrea; ES Spain; ET Ethiopia
FI Finland; FJ Fiji; FK Falkland Islands; FM Micronesia; FO Faroe Islands; FR France
GA Gabon; GB United Kingdom, Great Britain, UK, England, Scotland, Wales, Northern Ireland
GD Grenada; GE Georgia; GF French Guiana; GG Guernsey; GH Ghana; GI Gibraltar; GL Greenland
GM Gambia; GN Guinea; GP Guadeloupe; GQ Equatorial Guinea; GR Greece
GS South Georgia and the South Sandwich Islands; GT Guatemala; GU Guam; GW Guinea-Bissau; GY Guyana
HK Hong Kong; HM Heard Island and McDonald Islands; HN Honduras; HR Croatia; HT Haiti; HU Hungary
ID Indonesia; IE Ireland; IL Israel; IM Isle of Man; IN India
IO British Indian Ocean Territory; IQ Iraq; IR Iran; IS Iceland; IT Italy
JE Jersey; JM Jamaica; JO Jordan; JP Japan
KE Kenya; KG Kyrgyzstan; KH Cambodia; KI Kiribati; KM Comoros; KN Saint Kitts and Nevis
KP North Korea; KR South Korea, Republic of Korea; KW Kuwait; KY Cayman Islands; KZ Kazakhstan
LA Laos; LB Lebanon; LC Saint Lucia; LI Liechtenstein; LK Sri Lanka; LR Liberia; LS Lesotho
LT Lithuania; LU Luxembourg; LV Latvia; LY Libya
MA Morocco; MC Monaco; MD Moldova; ME Montenegro; MF Saint Martin; MG Madagascar
MH Marshall Islands; MK North Macedonia, Macedonia; ML Mali; MM Myanmar; MN Mongolia
MO Macao, Macau; MP Northern Mariana Islands; MQ Martinique; MR Mauritania; MS Montserrat
MT Malta; MU Mauritius
MV Maldives; MW Malawi; MX Mexico; MY Malaysia; MZ Mozambique
NA Namibia; NC New Caledonia; NE Niger; NF Norfolk Island; NG Nigeria; NI Nicaragua
NL Netherlands, The Netherlands; NO Norway; NP Nepal; NR Nauru; NU Niue; NZ New Zealand
OM Oman
PA Panama; PE Peru; PF French Polynesia; PG Papua New Guinea; PH Philippines; PK Pakistan
PL Poland; PM Saint Pierre and Miquelon; PN Pitcairn; PR Puerto Rico; PS Palestine; PT Portugal
PW Palau; PY Paraguay
QA Qatar
RE Réunion, Reunion; RO Romania; RS Serbia; RU Russia, Russian Federation; RW Rwanda
SA Saudi Arabia; SB Solomon Islands; SC Seychelles; SD Sudan; SE Sweden; SG Singapore
SH Saint Helena; SI Slovenia; SJ Svalbard and Jan Mayen; SK Slovakia; SL Sierra Leone
SM San Marino; SN Senegal; SO Somalia; SR Suriname; SS South Sudan; ST Sao Tome and Principe
SV El Salvador; SX Sint Maarten; SY Syria; SZ Eswatini, Swaziland
TC Turks and Caicos Islands; TD Chad; TF French Southern Territories; TG Togo; TH Thailand
TJ Tajikistan; TK Tokelau; TL Timor-Leste, East Timor; TM Turkmenistan; TN Tunisia; TO Tonga
TR Turkey, Türkiye; TT Trinidad and Tobago; TV Tuvalu; TW Taiwan; TZ Tanzania
UA Ukraine; UG Uganda; UM United States Minor Outlying Islands
US United States, United States of America, USA; UY Uruguay; UZ Uzbekistan
VA Vatican City, Holy See; VC Saint Vincent and the Grenadines; VE Venezuela
VG British Virgin Islands; VI US Virgin Islands; VN Vietnam, Viet Nam; VU Vanuatu
WF Wallis and Futuna; WS Samoa
YE Yemen; YT Mayotte
ZA South Africa; ZM Zambia; ZW Zimbabwe
"""

_ALPHA_3 = """
ADAND AEARE AFAFG AGATG AIAIA ALALB AMARM AOAGO AQATA ARARG ASASM ATAUT AUAUS AWABW AXALA AZAZE
BABIH BBBRB BDBGD BEBEL BFBFA BGBGR BHBHR BIBDI BJBEN BLBLM BMBMU BNBRN BOBOL BQBES BRBRA BSBHS
BTBTN BVBVT BWBWA BYBLR BZBLZ CACAN CCCCK CDCOD CFCAF CGCOG CHCHE CICIV CKCOK CLCHL CMCMR CNCHN
COCOL CRCRI CUCUB CVCPV CWCUW CXCXR CYCYP CZCZE DEDEU DJDJI DKDNK DMDMA DODOM DZDZA ECECU EEEST
EGEGY EHESH ERERI ESESP ETETH FIFIN FJFJI FKFLK FMFSM FOFRO FRFRA GAGAB GBGBR GDGRD GEGEO GFGUF
GGGGY GHGHA GIGIB GLGRL GMGMB GNGIN GPGLP GQGNQ GRGRC GSSGS GTGTM GUGUM GWGNB GYGUY HKHKG HMHMD
HNHND HRHRV HTHTI HUHUN IDIDN IEIRL ILISR IMIMN ININD IOIOT IQIRQ IRIRN ISISL ITITA JEJEY JMJAM
JOJOR JPJPN KEKEN KGKGZ KHKHM KIKIR KMCOM KNKNA KPPRK KRKOR KWKWT KYCYM KZKAZ LALAO LBLBN LCLCA
LILIE LKLKA LRLBR LSLSO LTLTU LULUX LVLVA LYLBY MAMAR MCMCO MDMDA MEMNE MFMAF MGMDG MHMHL MKMKD
MLMLI MMMMR MNMNG MOMAC MPMNP MQMTQ MRMRT MSMSR MTMLT MUMUS MVMDV MWMWI MXMEX MYMYS MZMOZ NANAM
NCNCL NENER NFNFK NGNGA NINIC NLNLD NONOR NPNPL NRNRU NUNIU NZNZL OMOMN PAPAN PEPER PFPYF PGPNG
PHPHL PKPAK PLPOL PMSPM PNPCN PRPRI PSPSE PTPRT PWPLW PYPRY QAQAT REREU ROROU RSSRB RURUS RWRWA
SASAU SBSLB SCSYC SDSDN SESWE SGSGP SHSHN SISVN SJSJM SKSVK SLSLE SMSMR SNSEN SOSOM SRSUR SSSSD
STSTP SVSLV SXSXM SYSYR SZSWZ TCTCA TDTCD TFATF TGTGO THTHA TJTJK TKTKL TLTLS TMTKM TNTUN TOTON
TRTUR TTTTO TVTUV TWTWN TZTZA UAUKR UGUGA UMUMI USUSA UYURY UZUZB VAVAT VCVCT VEVEN VGVGB VIVIR
VNVNM VUVUT WFWLF WSWSM YEYEM YTMYT ZAZAF ZMZMB ZWZWE
"""
"""Each two-letter code, followed by the three-letter code of the same country."""

_STATES = """
AL Alabama; AK Alaska; AZ Arizona; AR Arkansas; CA California; CO Colorado; CT Connecticut
DE Delaware; DC District of Columbia, Washington DC; FL Florida; GA Georgia; HI Hawaii; ID Idaho
IL Illinois
IN Indiana; IA Iowa; KS Kansas; KY Kentucky; LA Louisiana; ME Maine; MD Maryland
MA Massachusetts; MI Michigan; MN Minnesota; MS Mississippi; MO Missouri; MT Montana; NE Nebraska
NV Nevada; NH New Hampshire; NJ New Jersey; NM New Mexico; NY New York; NC North Carolina
ND North Dakota; OH Ohio; OK Oklahoma; OR Oregon; PA Pennsylvania; RI Rhode Island
SC South Carolina; SD South Dakota; TN Tennessee; TX Texas; UT Utah; VT Vermont; VA Virginia
WA Washington; WV West Virginia; WI Wisconsin; WY Wyoming
"""

_PROVINCES = """
AB Alberta; BC British Columbia; MB Manitoba; NB New Brunswick; NL Newfoundland and Labrador
NS Nova Scotia; NT Northwest Territories; NU Nunavut; ON Ontario; PE Prince Edward Island
QC Québec; SK Saskatchewan; YT Yukon
"""

_no_letters = re.compile(r"[\W\d_]+")
_with_code = re.compile(r"([^()]+)\(([A-Za-z]{2,3})\)\s*").fullmatch
_subdivision = re.compile(r"([A-Za-z]{2})-([A-Za-z0-9]{1,3})").fullmatch


def _folded(name: str) -> str:
    """`name` as a key: lower case, without accents, spaces and punctuation."""
    return _no_letters.sub("", normal_form("NFKD", name).lower())


def _codes_by_name(table: str) -> dict[str, str]:
    codes = {}
    for entry in table.replace("\n", ";").split(";"):
        if entry := entry.strip():
            code, names = entry.split(" ", 1)
            for name in [code, *names.split(", ")]:
                codes[name.lower()] = codes[_folded(name)] = code
    return codes


_country_codes = _codes_by_name(_COUNTRIES)
_country_codes |= {each[2:].lower(): each[:2] for each in _ALPHA_3.split()}
COUNTRY_CODES = frozenset(_country_codes.values())
"""Every code of ISO 3166-1 alpha-2."""

_state_codes = _codes_by_name(_STATES)
_province_codes = _codes_by_name(_PROVINCES)


def country_code(text: str) -> str:
    """ISO 3166-1 alpha-2, upper case, of a country's code of two or three letters, its English name
    or both (``United Kingdom (UK)``); "" when unknown."""
    if named := _with_code(text):
        name, code = named.groups()
        return _code(_country_codes, name) or _code(_country_codes, code)
    return _code(_country_codes, text)


def us_state_code(text: str) -> str:
    """The two letters, upper case, of a state of the USA by code or name; "" when unknown."""
    return _code(_state_codes, text)


def canadian_province_code(text: str) -> str:
    """The two letters, upper case, of a province of Canada by code or name; "" when unknown."""
    return _code(_province_codes, text)


def subdivision(text: str) -> str:
    """The part of an ISO 3166-2 code after the country: ``CA`` for ``US-CA``; else `text`."""
    parts = _subdivision(text.strip()) if "-" in text else None
    return parts[2] if parts and parts[1].upper() in COUNTRY_CODES else text


def _code(codes: dict[str, str], text: str) -> str:
    name = text.strip().lower()
    if name in codes:
        return codes[name]
    folds_to_itself = name.isascii() and name.isalpha()
    return "" if folds_to_itself else codes.get(_folded(name), "")
