"""How the catalogue is searched: words in characters, pinyin, initials, simplified or traditional, and facets."""

INITIALS_MIN = 2  # a single letter is no abbreviation
INITIALS_CUT = 3  # abbreviations are indexed in pieces of three letters
DIGEST_LENGTH = 16  # hexadecimal digits that tell one value of a facet from another
WORDS_MAX = 10  # words of one search that count
READINGS_MAX = 4  # ways to divide one typed word into syllables that are looked for
REMEMBERED_MAX = 20_000  # characters and runs whose reading is kept at hand
RULES_VERSION = 1  # raised whenever the same texts would be cut otherwise
FEW = 2_000  # hits that SQLite sorts by themselves; of more, it walks its index in order until a page is full
COMMON = 16  # of so many entries one is a hit: PostgreSQL's index of prices is then tried before all hits are sorted
REACH = 1_000  # entries that are tried
SPREAD = 2  # how many times further than evenly spread hits would need
COUNTED_MAX = 200  # entries that one count of facets looks at; beyond them it says "or more"
PRICE_STEPS = ("0", "0.1", "1", "10", "100", "1000")  # upper ends of the ranges of prices, in yuan per unit
