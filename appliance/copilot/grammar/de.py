"""German words of no single task."""

WORDS = {
    "FILL": (
        "bitte; kannst du; könntest du; mal; doch; den; die; das; der; dem; ein; eine; einen;"
        " einem; einer; jetzt; noch; auch; ich möchte; ich hätte gern; ich will; lass uns;"
        " danke; nun; mir; uns; einmal; etwa; dann; gerne; gern; des; im; ihn; sie; ganze; ganz"
    ),
    "IT": (
        "es; das; den loop; die musik; dies; alles; das ganze; ihn; loop; musik; das stück; stück"
    ),
    "SEP": "und; dann; aber; danach; sowie; und dann; dabei; und auch; anschließend",
    "OR": "oder; vielleicht; entweder",
    "SET": (
        "nimm; füge; füg; ändere; ändern; gib; mach; mache; stell; stelle; setz; setze; geh;"
        " gehe; lass; mach es; bring; schalte; werde; spiel; spiele; dreh; drehe"
    ),
    "PLAY": "spiel; spiele; spielen",
    "FIND": "finde; such; suche; gib mir; spiel mir; zeig mir; gib uns",
    "SOMETHING": "etwas; was; irgendwas; einen loop; ein stück",
    "SOME": "einige; etwas",
    "NEW": (
        "neu; neue; neuen; neues; andere; anderen; anderes; ein anderer; eine andere; eine neue"
    ),
    "MORE": "mehr; noch; erhöhe; noch mehr",
    "LESS": "weniger; nicht so; minder",
    "TOO": "zu; viel zu",
    "IS": "ist; es ist; das ist; klingt",
    "MUCH": "viel; deutlich; sehr; wesentlich; stark; erheblich; weit; kräftig; um einiges",
    "TOUCH": (
        "etwas; ein bisschen; ein wenig; leicht; bisschen; einen hauch; ein klein wenig; wenig;"
        " einen tick; leichten; leichte; einen hauch von; minimal; geringfügig"
    ),
    "PACE:+1": "schneller; schnell; beschleunige; beschleunigen; rascher; flotter; zügiger",
    "PACE:-1": "langsamer; langsam; verlangsame; bremse; verlangsamen; gemächlicher; bremsen",
    "TEMPO": "tempo; geschwindigkeit",
    "BPM": "bpm; schläge pro minute",
    "PERCENT": "%; prozent",
    "BY": "um",
    "TO": "auf; nach; bis; zu; zum; in",
    "AT": "bei; mit",
    "IN": "in; im",
    "OF": "von; für; an; am; aus",
    "WITH": "mit",
    "FEEL": "klang; stimmung",
    "TIME:100": "doppeltes tempo; doppelt so schnell; doppelte geschwindigkeit; doppeltempo",
    "TIME:-50": "halbes tempo; halb so schnell; halbe geschwindigkeit",
    "TWICE": "zweimal; doppelt",
    "DIR:+1": "hoch; rauf; nach oben; aufwärts; höher; erhöhe; hinauf; herauf",
    "DIR:-1": "runter; nach unten; abwärts; tiefer; senke; hinunter; herunter; niedriger",
    "HEIGHT:+1": "höher",
    "HEIGHT:-1": "tiefer",
    "TRANSPOSE": "transponiere; transponieren; transponier",
    "SHIFT": "verschiebe; bewege; setze; geh",
    "INTERVAL:1": "halbton; halbtöne; halbtönen; halbtonschritt; halbtonschritte",
    "INTERVAL:2": "ganzton; ganztöne; ton; ganztonschritt; töne; tönen",
    "INTERVAL:3": "kleine terz",
    "INTERVAL:4": "große terz",
    "INTERVAL:5": "quarte",
    "INTERVAL:7": "quinte",
    "INTERVAL:6": "tritonus",
    "OCTAVE": "oktave; oktaven",
    "KEYWORD": "tonart",
    "VOLUME": "lautstärke; dynamik",
    "MODE": "dur; moll",
    "LAYER:bass": "bass; basslinie; bassstimme; bässe; basse",
    "LAYER:chords": "akkorde; begleitung; akkord; harmonien; harmonie; akkorden",
    "LAYER:melody": "melodie; oberstimme; melodiestimme; thema",
    "LAYER:low": "linke hand; tiefe stimme; tiefe lage; tiefe schicht; unterstimme",
    "LAYER:high": "rechte hand; hohe stimme; hohe lage; hohe schicht",
    "LAYERS": "stimme; stimmen; schicht; spur; ebene",
    "THICK:+1": "dichter; dicht; voller",
    "THICK:-1": "dünner; sparsamer; karger; spärlicher; luftiger; ausgedünnt; dünn; sparsam",
    "NOTES": "noten; töne; note",
    "LEVEL:+1": "lauter; laut; kräftiger; stärker",
    "LEVEL:-1": "leiser; leise; sanfter im anschlag",
    "MOOD:calm": "ruhiger; ruhig; entspannter; entspannt",
    "MOOD:dark": "dunkler; düsterer; dunkel; düster",
    "MOOD:bright": "heller; hell",
    "MOOD:happy": "fröhlicher; fröhlich; heiterer; heiter",
    "MOOD:sad": "trauriger; traurig",
    "MOOD:gentle": "sanfter; sanft; zarter; zart",
    "MOOD:energetic": "energischer; lebhafter; energisch; lebhaft; energiegeladener",
    "MOOD:warm": "wärmer; warm",
    "MOOD:dreamy": "verträumter; verträumt",
    "MOOD:dramatic": "dramatischer; dramatisch",
    "MOOD:mysterious": "geheimnisvoller; geheimnisvoll",
    "STYLE:jazz": "jazziger; jazzig",
    "MOOD:angry": "wütender; wütend",
    "MOOD:romantic": "romantischer; romantisch",
    "IMAGE:rain": "regen; ein regentag; regentag; regnerische",
    "IMAGE:night": "nacht; abend",
    "IMAGE:morning": "morgen; frühling",
    "IMAGE:summer": "sommer",
    "IMAGE:winter": "winter; schnee",
    "IMAGE:sea": "meer; wasser; fluss",
    "IMAGE:forest": "wald",
    "IMAGE:storm": "sturm; gewitter",
    "BEAT": "schlag; schläge; zählzeit; zählzeiten; schlägen",
    "BAR": "takt; takte; takten; takts; taktes",
    "HALF:1": "erste hälfte",
    "HALF:2": "zweite hälfte",
    "LAST": "letzte; letzten; letzter; letztes",
    "ORD:1": "erste; ersten; erster; erstes",
    "ORD:2": "zweite; zweiten; zweiter; zweites",
    "ORD:3": "dritte; dritten; dritter",
    "ORD:4": "vierte; vierten",
    "STEPS": "schritt; schritte; änderung; änderungen; schritten",
    "TIMES": "mal",
    "ALL": "alle; alles",
    "DOUBLE": "verdopple; doppelt",
    "EFFECT:humanise": "menschlicher",
    "EFFECT:echo": "echos; hall-echo",
    "EFFECT:staccato": "kurz; kürzer; abgesetzt",
    "EFFECT:legato": "gebunden; gebundener",
    "EFFECT:octave_double": "in oktaven; oktavverdopplung",
    "EFFECT:arpeggio": "arpeggiere; gebrochene akkorde",
    "EFFECT:swing": "swingender; swingen",
    "ATTR:bpm": "tempo",
    "ATTR:key": "tonart",
    "ATTR:dynamics": "dynamik; lautstärke",
    "ATTR:density": "dichte",
    "REFUSE:reverb": "hall; verzerrung; filter; nachhall",
    "REFUSE:instrument": "schlagzeug; gitarre; geige; trompete; saxophon; streicher; flöte",
    "REFUSE:voice": "gesang; singe; sing; stimme singen",
}
LETTERS = {"c": 0, "d": 2, "e": 4, "f": 5, "g": 7, "a": 9, "h": 11, "b": 10, "cis": 1, "des": 1,
           "dis": 3, "es": 3, "fis": 6, "ges": 6, "gis": 8, "as": 8, "ais": 10}  # fmt: skip
SHARP, FLAT = ("#",), ()
MAJOR, MINOR = ("dur",), ("moll",)
_ONES = "null eins zwei drei vier fünf sechs sieben acht neun zehn elf zwölf dreizehn vierzehn"
_ONES += " fünfzehn sechzehn siebzehn achtzehn neunzehn"
_TENS = "zwanzig dreißig vierzig fünfzig sechzig siebzig achtzig neunzig"
_JOINED = "ein zwei drei vier fünf sechs sieben acht neun"


def _numbers() -> dict[str, int]:
    found = {word: value for value, word in enumerate(_ONES.split())}
    for ten, word in enumerate(_TENS.split(), 2):
        found[word] = ten * 10
        found |= {f"{one}und{word}": ten * 10 + n for n, one in enumerate(_JOINED.split(), 1)}
    small = dict(found)
    for hundred, word in ((100, "hundert"), (100, "einhundert"), (200, "zweihundert")):
        found[word] = hundred
        found |= {f"{word}{rest}": hundred + value for rest, value in small.items() if value}
    return found


NUMBERS = _numbers()
HUNDRED: tuple[str, ...] = ()
JOINS: tuple[str, ...] = ()
