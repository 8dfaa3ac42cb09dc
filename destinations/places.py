"""Codes of countries and of the states of the USA, from the names that people write in forms.

Sources: ISO 3166-1 alpha-2; the two-letter codes of the United States Postal Service.
"""

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

_STATES = """
AL Alabama; AK Alaska; AZ Arizona; AR Arkansas; CA California; CO Colorado; CT Connecticut
DE Delaware; DC District of Columbia; FL Florida; GA Georgia; HI Hawaii; ID Idaho; IL Illinois
IN Indiana; IA Iowa; KS Kansas; KY Kentucky; LA Louisiana; ME Maine; MD Maryland
MA Massachusetts; MI Michigan; MN Minnesota; MS Mississippi; MO Missouri; MT Montana; NE Nebraska
NV Nevada; NH New Hampshire; NJ New Jersey; NM New Mexico; NY New York; NC North Carolina
ND North Dakota; OH Ohio; OK Oklahoma; OR Oregon; PA Pennsylvania; RI Rhode Island
SC South Carolina; SD South Dakota; TN Tennessee; TX Texas; UT Utah; VT Vermont; VA Virginia
WA Washington; WV West Virginia; WI Wisconsin; WY Wyoming
"""


def _codes_by_name(table: str) -> dict[str, str]:
    codes = {}
    for entry in table.replace("\n", ";").split(";"):
        if entry := entry.strip():
            code, names = entry.split(" ", 1)
            codes.update({name.lower(): code for name in [code, *names.split(", ")]})
    return codes


_country_codes = _codes_by_name(_COUNTRIES)
COUNTRY_CODES = frozenset(_country_codes.values())
"""Every code of ISO 3166-1 alpha-2."""

_state_codes = _codes_by_name(_STATES)


def country_code(text: str) -> str:
    """ISO 3166-1 alpha-2, upper case, of a country's code or English name; "" when unknown."""
    return _country_codes.get(text.strip().lower(), "")


def us_state_code(text: str) -> str:
    """The two letters, upper case, of a state of the USA by code or name; "" when unknown."""
    return _state_codes.get(text.strip().lower(), "")
