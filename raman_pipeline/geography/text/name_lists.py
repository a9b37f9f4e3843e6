"""Names of countries and regions that gazetteers leave out, by ISO 3166-1 code.

What belongs here: common, historic and regional names that stand last in locality
texts. What does not: how they are matched (see `country_names`).

Names are in the folded form of `locality.fold`. Regions are first-level divisions
and well-known historic regions; facts of common knowledge, written down here.
"""

from __future__ import annotations


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.replace("\n", " ").split(",") if name.strip())


COUNTRY_ALIASES: dict[str, tuple[str, ...]] = {
    "AE": _names("uae"),
    "AQ": _names("antarctic"),
    "AT": _names("osterreich"),
    "BA": _names("bosnia, bosnia herzegovina, bosnia and hercegovina"),
    "BF": _names("upper volta"),
    "BG": _names("bulgarien"),
    "BJ": _names("dahomey"),
    "BR": _names("brasil"),
    "BW": _names("bechuanaland"),
    "BY": _names("byelorussia, belorussia"),
    "CD": _names(
        """zaire, belgian congo, congo, dr congo, drc, democratic republic of congo,
        democratic republic of the congo, congo kinshasa, dem rep congo, congo dr"""
    ),
    "CG": _names("republic of the congo, republic of congo, congo brazzaville"),
    "CH": _names("schweiz, suisse, svizzera"),
    "CI": _names("cote divoire, ivory coast"),
    "CN": _names("manchuria, peoples republic of china, pr china, prc, tibet"),
    "CV": _names("cape verde"),
    "CZ": _names(
        """ceska republika, bohmen, mahren, czech republic, czechia, bohemia, moravia, silesia
        czech republic"""
    ),
    "DE": _names(
        """west germany, east germany, federal republic of germany, deutschland, gdr, frg"""
    ),
    "EC": _names("galapagos, galapagos islands"),
    "ES": _names("espana"),
    "ET": _names("abyssinia"),
    "FI": _names("suomi"),
    "FM": _names("micronesia"),
    "GB": _names(
        """uk, great britain, britain, england, scotland, wales, northern ireland,
        united kingdom of great britain and northern ireland, cornwall, british isles"""
    ),
    "GL": _names("gronland"),
    "GY": _names("british guiana"),
    "HU": _names("ungarn"),
    "ID": _names("dutch east indies, java, sumatra, sulawesi, celebes, bali"),
    "IE": _names("eire"),
    "IQ": _names("mesopotamia"),
    "IR": _names("persia, islamic republic of iran"),
    "IT": _names("italien, italia, sardinia, sardegna, sicily, sicilia, elba, south tyrol"),
    "KG": _names("kirgizstan, kirghizia, kirgizia, kyrgyz republic"),
    "KH": _names("kampuchea"),
    "KP": _names("dpr korea, democratic peoples republic of korea"),
    "KR": _names("republic of korea"),
    "KZ": _names("kazakstan, kazakhskaya"),
    "LA": _names("lao pdr, lao"),
    "LK": _names("ceylon, srilanka"),
    "LS": _names("basutoland"),
    "MD": _names("moldavia"),
    "MG": _names("malagasy republic, madagasikara"),
    "MK": _names("macedonia, fyr macedonia, former yugoslav republic of macedonia"),
    "MM": _names("burma"),
    "MW": _names("nyasaland, nyassaland"),
    "MY": _names("malaya, sarawak, sabah"),
    "NA": _names("south west africa, southwest africa, german south west africa"),
    "NL": _names("holland, the netherlands"),
    "NO": _names("norge, svalbard, spitsbergen, jan mayen"),
    "PG": _names("new guinea"),
    "PS": _names("palestine, west bank, gaza"),
    "PT": _names("azores, madeira"),
    "RO": _names("siebenburgen"),
    "RU": _names(
        """franz josef land, novaya zemlya, russian federation, siberia, yakutia, rossiya"""
    ),
    "SE": _names("sverige"),
    "SR": _names("dutch guiana"),
    "SZ": _names("swaziland"),
    "TC": _names("turks and caicos, turks and caicos islands"),
    "TF": _names("kerguelen, kerguelen islands"),
    "TH": _names("siam"),
    "TJ": _names("tadjikistan, tadzhikistan"),
    "TL": _names("east timor"),
    "TR": _names("turkey, turkiye"),
    "TZ": _names("tanganyika, zanzibar"),
    "US": _names("usa, us, united states of america, united states, u s a, u s"),
    "VA": _names("vatican"),
    "VN": _names("tonkin, annam, viet nam"),
    "ZA": _names(
        """republic of south africa, rsa, transvaal, natal, orange free state,
        cape colony, cape province"""
    ),
    "ZM": _names("northern rhodesia"),
    "ZW": _names("southern rhodesia"),
}

HISTORIC: dict[str, tuple[str, ...]] = {
    # Names that cover several present countries; the first is the default, used
    # with a flag when nothing inside the text decides.
    "ussr": (
        "RU",
        "UA",
        "KZ",
        "TJ",
        "KG",
        "UZ",
        "TM",
        "AM",
        "AZ",
        "GE",
        "BY",
        "EE",
        "LV",
        "LT",
        "MD",
    ),
    "soviet union": ("RU", "UA", "KZ", "TJ", "KG", "UZ", "TM", "AM", "AZ", "GE", "BY"),
    "czechoslovakia": ("CZ", "SK"),
    "yugoslavia": ("RS", "MK", "HR", "SI", "BA", "ME", "XK"),
    "serbia and montenegro": ("RS", "ME", "XK"),
    "rhodesia": ("ZW", "ZM"),
    "prussia": ("DE", "PL", "RU"),
    "east prussia": ("RU", "PL", "LT"),
    "silesia": ("PL", "CZ"),
    "galicia": ("ES", "PL", "UA"),
    "austria hungary": ("AT", "HU", "CZ", "SK", "RO"),
    "hungary transylvania": ("RO",),
    "korea": ("KR", "KP"),
    "borneo": ("MY", "ID", "BN"),
    "tyrol": ("AT", "IT"),
    "lapland": ("FI", "SE", "NO"),
    "himalaya": ("NP", "IN", "PK"),
}

VAGUE: frozenset[str] = frozenset(
    _names(
        """africa, east africa, west africa, central africa, south america, central america,
        europe, asia, central asia, southeast asia, middle east, caribbean, mining concentrate,
        north america"""
    )
)
"""Regions too wide for a country."""

REGIONS: dict[str, tuple[str, ...]] = {
    "AR": _names(
        """catamarca, mendoza, salta, jujuy, san juan, la rioja, san luis, neuquen,
        chubut, rio negro, santa cruz, patagonia"""
    ),
    "AT": _names(
        """styria, carinthia, salzburg, north tyrol, vorarlberg, lower austria,
        upper austria"""
    ),
    "AU": _names(
        """new south wales, victoria, queensland, south australia, western australia,
        tasmania, northern territory, nsw, west australia"""
    ),
    "BO": _names("potosi, oruro, la paz, cochabamba, chuquisaca"),
    "BR": _names(
        """minas gerais, bahia, rio grande do norte, rio grande do sul, paraiba, ceara,
        espirito santo, goias, mato grosso, sao paulo, parana, pernambuco, amazonas"""
    ),
    "CA": _names(
        """quebec, ontario, british columbia, alberta, manitoba, saskatchewan, nova scotia,
        new brunswick, newfoundland, labrador, newfoundland and labrador, yukon,
        yukon territory, northwest territories, nunavut, prince edward island"""
    ),
    "CD": _names("katanga, shaba, kivu, north kivu, south kivu"),
    "CH": _names("valais, wallis, graubunden, grisons, ticino, uri, bern"),
    "CL": _names("atacama, antofagasta, tarapaca, coquimbo, iquique, copiapo"),
    "CN": _names(
        """inner mongolia, sichuan, yunnan, hunan, hubei, jiangxi, guangxi, guangdong,
        fujian, guizhou, gansu, qinghai, xinjiang, shaanxi, shanxi, shandong, hebei, henan,
        jilin, liaoning, heilongjiang, anhui, zhejiang, jiangsu, hainan"""
    ),
    "DE": _names(
        """saxony, bavaria, thuringia, hesse, harz, baden wurttemberg, rhineland palatinate,
        north rhine westphalia, lower saxony, saxony anhalt, black forest, eifel, sachsen,
        bayern, hessen, baden, westphalia, siegerland"""
    ),
    "ES": _names(
        """andalusia, andalucia, catalonia, murcia, extremadura, castile, asturias, aragon"""
    ),
    "FR": _names(
        """reunion, la reunion, martinique, guadeloupe, french guiana, savoy, auvergne, brittany,
        corsica, alsace, lorraine, provence, aude, savoie,
        haute savoie, puy de dome, haute vienne, occitanie, pyrenees"""
    ),
    "GB": _names("cumberland, cumbria, devon, derbyshire, shetland, orkney, isle of man"),
    "GR": _names("santorini, attica, attiki, crete, macedonia greece"),
    "IN": _names(
        """maharashtra, rajasthan, tamil nadu, karnataka, orissa, odisha, bihar, kerala,
        andhra pradesh, madhya pradesh, west bengal, jharkhand, kashmir"""
    ),
    "IT": _names(
        """etna, mount etna, piedmont, piemonte, tuscany, toscana, liguria, lombardy, lombardia,
        latium, lazio,
        campania, trentino, trentino alto adige, veneto, calabria, aosta valley, val daosta,
        emilia romagna, vesuvius, monte somma"""
    ),
    "JP": _names(
        """hokkaido, honshu, kyushu, shikoku, ehime, okayama, gifu, iwate, tochigi, fukushima,
        hyogo, nagano, aichi, kumamoto, miyazaki, oita"""
    ),
    "MG": _names("antananarivo, fianarantsoa, antsirabe"),
    "MX": _names(
        """sonora, chihuahua, durango, zacatecas, baja california, baja california sur,
        coahuila, guanajuato, hidalgo, san luis potosi, sinaloa, guerrero, oaxaca, puebla,
        queretaro, nuevo leon"""
    ),
    "NO": _names(
        """telemark, buskerud, vestfold, aust agder, nordland, hordaland, oppland, rogaland"""
    ),
    "PE": _names(
        """ancash, huancavelica, lima, pasco, huanuco, arequipa, la libertad, cajamarca"""
    ),
    "PK": _names(
        """gilgit baltistan, baluchistan, khyber pakhtunkhwa, north west frontier province"""
    ),
    "PL": _names("lower silesia, upper silesia"),
    "RO": _names("transylvania, banat, maramures"),
    "RU": _names(
        """kola peninsula, kola, murmansk oblast, murmanskaja oblast, ural, urals,
        southern urals, middle urals, polar urals, chukotka, kamchatka, transbaikalia,
        primorye, sakha, buryatia, karelia, kuril islands, chelyabinsk oblast, irkutsk oblast"""
    ),
    "SE": _names(
        """varmland, dalarna, vastmanland, orebro, skane, uppland, sodermanland, norrbotten"""
    ),
    "TZ": _names("arusha, manyara, merelani"),
    "UA": _names("crimea, donetsk oblast, zhytomyr oblast, volhynia"),
    "ZA": _names(
        """northern cape, limpopo, gauteng, mpumalanga, northern cape province,
        north west province"""
    ),
}
"""Regions that stand last in a text without their country. US states come from GeoNames."""

TERRITORIES: dict[str, tuple[str, ...]] = {
    "CN": ("HK", "MO"),
    "DK": ("FO", "GL"),
    "FI": ("AX",),
    "FR": ("NC", "PF"),
    "GB": ("BM", "FK", "GG", "IM", "JE", "KY"),
    "NL": ("AW", "CW", "SX"),
    "US": ("AS", "GU", "MP", "PR", "VI"),
}
"""Territories that stand in texts before their state, and that Natural Earth draws apart."""

DRAWN_WITH: dict[str, str] = {
    "BQ": "NL",
    "GF": "FR",
    "GP": "FR",
    "MQ": "FR",
    "RE": "FR",
    "SJ": "NO",
    "YT": "FR",
}
"""Codes of their own in ISO 3166 that Natural Earth draws as part of their state."""

DIVISION_ALIASES: dict[str, str] = {
    "florence": "Firenze",
    "genoa": "Genova",
    "kamchatka peninsula": "Kamchatka",
    "kangwon do province": "Gangwon-do",
    "kangwon do": "Gangwon-do",
    "kola peninsula": "Murmansk",
    "kola": "Murmansk",
    "leghorn": "Livorno",
    "milan": "Milano",
    "murmanskaja oblast northern region": "Murmansk",
    "murmanskaja oblast": "Murmansk",
    "naples": "Napoli",
    "north cape province": "Northern Cape",
    "nsw": "New South Wales",
    "padua": "Padova",
    "rome": "Roma",
    "seville": "Sevilla",
    "shaba province": "Katanga",
    "shaba": "Katanga",
    "turin": "Torino",
    "venice": "Venezia",
    "west australia": "Western Australia",
    "yakutia": "Sakha",
}
"""Other names of divisions, by the name in the table of divisions."""
