"""Italian words of no single task."""

WORDS = {
    "FILL": (
        "per favore; puoi; potresti; il; lo; la; gli; le; i; l'; un; una; uno; un'; adesso;"
        " ora; anche; grazie; vorrei; voglio; di; del; della; dei; delle; d'; dell'; mi; poi;"
        " ancora; allora; che sia; al"
    ),
    "IT": "lo; la; questo; il loop; la musica; tutto; loop; musica; il brano",
    "SEP": "e; poi; ma; inoltre; e poi; ed; quindi",
    "OR": "o; forse; oppure",
    "SET": "metti; fai; rendi; rendilo; vai; porta; imposta; suona; fallo; passa; cambia; falla",
    "PLAY": "suona; suonare",
    "FIND": "trova; cerca; dammi; suonami; fammi sentire",
    "SOMETHING": "qualcosa; un loop; qualcosa di; qualcosa che",
    "SOME": "del",
    "NEW": "nuovo; nuova; altro; altra; diverso; un altro; un'altra",
    "MORE": "più; piu; aumenta",
    "LESS": "meno; non così",
    "TOO": "troppo",
    "IS": "è; suona",
    "MUCH": "molto; assai; decisamente; parecchio; notevolmente; tanto",
    "TOUCH": (
        "un po'; un poco; leggermente; poco; un po; un pochino; un tocco di; appena; un po' di;"
        " un filo"
    ),
    "PACE:+1": "veloce; velocemente; accelera; accelerare; rapido; svelto; allegro; velocizza",
    "PACE:-1": "lento; lentamente; rallenta; rallentare; lenta; adagio",
    "TEMPO": "tempo; velocità",
    "BPM": "bpm; battiti al minuto",
    "PERCENT": "%; per cento; percento",
    "BY": "di; del; d'",
    "TO": "a; in; fino a; al; verso",
    "AT": "a",
    "IN": "in",
    "OF": "di; per; su; del; della; alla; al; sulla; ai; agli; sul; nella",
    "WITH": "con",
    "FEEL": "atmosfera",
    "TIME:100": (
        "il doppio del tempo; due volte più veloce; tempo doppio; doppio tempo; al doppio;"
        " il doppio più veloce"
    ),
    "TIME:-50": (
        "metà tempo; la metà del tempo; metà velocità; a metà tempo; tempo dimezzato;"
        " dimezza il tempo"
    ),
    "TWICE": "due volte",
    "DIR:+1": "su; sali; in alto; alza; verso l'alto; più in alto; aumenta",
    "DIR:-1": "giù; scendi; in basso; abbassa; verso il basso; riduci",
    "HEIGHT:+1": "alto; alta; acuto; acuta; sopra",
    "HEIGHT:-1": "basso; bassa; grave; sotto",
    "TRANSPOSE": "trasponi; trasporta; trasporre; trasportare; modula",
    "SHIFT": "sposta; porta; vai; passa; cambia",
    "INTERVAL:1": "semitono; semitoni; mezzo tono; mezzi toni",
    "INTERVAL:2": "tono; toni; tono intero",
    "INTERVAL:3": "terza minore",
    "INTERVAL:4": "terza maggiore",
    "INTERVAL:5": "quarta",
    "INTERVAL:7": "quinta",
    "OCTAVE": "ottava; ottave",
    "KEYWORD": "tonalità",
    "VOLUME": "volume; dinamica",
    "MODE": "maggiore; minore",
    "LAYER:bass": "basso; linea di basso; bassi; linea del basso",
    "LAYER:chords": "accordi; accordo; armonia; accompagnamento",
    "LAYER:melody": "melodia; tema",
    "LAYER:low": "mano sinistra; voce grave; voce bassa",
    "LAYER:high": "mano destra; voce acuta; voce alta",
    "LAYERS": "voce; traccia; parte; strato",
    "THICK:+1": "denso; densa; fitto; pieno",
    "THICK:-1": "rado; scarno; essenziale; diradato; spoglio; sparso; rada",
    "NOTES": "note; nota",
    "LEVEL:+1": "forte; fortissimo; forti",
    "LEVEL:-1": "piano; pianissimo; sottovoce; debole; piano piano",
    "MOOD:calm": "calmo; tranquillo; rilassato; calma",
    "MOOD:dark": "scuro; cupo; oscuro",
    "MOOD:bright": "brillante; luminoso; chiaro",
    "MOOD:happy": "allegro; felice; gioioso",
    "MOOD:sad": "triste",
    "MOOD:energetic": "energico; vivace; animato",
    "MOOD:gentle": "dolce; delicato",
    "MOOD:warm": "caldo",
    "MOOD:dreamy": "sognante",
    "MOOD:mysterious": "misterioso",
    "MOOD:dramatic": "drammatico",
    "MOOD:melancholy": "malinconico",
    "MOOD:romantic": "romantico",
    "STYLE:jazz": "jazzato; jazz",
    "IMAGE:rain": "pioggia; piovosa",
    "IMAGE:night": "notte; sera",
    "IMAGE:morning": "mattina; mattino; primavera",
    "IMAGE:summer": "estate; sole; estiva",
    "IMAGE:winter": "inverno; neve",
    "IMAGE:sea": "mare; acqua; fiume",
    "IMAGE:forest": "bosco; foresta",
    "IMAGE:storm": "tempesta; temporale",
    "BEAT": "battito; battiti; movimento; movimenti; quarti; quarto",
    "BAR": "battuta; battute; misura; misure",
    "HALF:1": "prima metà",
    "HALF:2": "seconda metà",
    "LAST": "ultimo; ultima; ultimi; ultime",
    "ORD:1": "primo; prima",
    "ORD:2": "secondo; seconda",
    "ORD:3": "terzo; terza",
    "ORD:4": "quarto; quarta",
    "STEPS": "passo; passi; modifica; modifiche; cambiamento; cambiamenti; passaggi",
    "TIMES": "volte; volta",
    "ALL": "tutto; tutti; tutte",
    "DOUBLE": "raddoppia",
    "EFFECT:echo": "eco; echi; delay",
    "EFFECT:arpeggio": "arpeggio; arpeggi; arpeggia",
    "EFFECT:humanise": "umanizza; umano",
    "EFFECT:staccato": "staccato",
    "EFFECT:legato": "legato",
    "EFFECT:octave_double": "in ottave; all'ottava",
    "EFFECT:swing": "swing; swingato",
    "ATTR:bpm": "tempo; velocità",
    "ATTR:key": "tonalità",
    "ATTR:dynamics": "volume; dinamica",
    "ATTR:density": "densità",
    "REFUSE:reverb": "riverbero; distorsione; filtro",
    "REFUSE:instrument": (
        "batteria; chitarra; violino; tromba; percussioni; sassofono; archi; flauto"
    ),
    "REFUSE:voice": "canta; canto; testo; cantare; parole",
}
LETTERS = {"do": 0, "re": 2, "mi": 4, "fa": 5, "sol": 7, "la": 9, "si": 11}
SHARP, FLAT = ("diesis", "#"), ("bemolle", "b")
MAJOR, MINOR = ("maggiore",), ("minore",)
_SMALL = (
    "zero uno due tre quattro cinque sei sette otto nove dieci undici dodici tredici quattordici"
    " quindici sedici diciassette diciotto diciannove venti"
)
NUMBERS = {word: value for value, word in enumerate(_SMALL.split())} | {
    "trenta": 30, "quaranta": 40, "cinquanta": 50, "sessanta": 60, "settanta": 70, "ottanta": 80,
    "novanta": 90, "cento": 100, "centodieci": 110, "centoventi": 120, "centotrenta": 130,
    "centoquaranta": 140,
}  # fmt: skip
HUNDRED: tuple[str, ...] = ()
JOINS: tuple[str, ...] = ()
