"""Spanish words of no single task."""

WORDS = {
    "FILL": (
        "por favor; puedes; podrías; el; la; los; las; lo; un; una; unos; unas; ahora; también;"
        " quiero; quisiera; me gustaría; del; de; gracias; vamos; ya; entonces; al; que sea; me;"
        " haz que"
    ),
    "IT": "lo; la; eso; esto; el loop; la música; todo; el bucle; bucle; este; música; hazlo",
    "SEP": "y; luego; pero; después; además; y luego; e",
    "OR": "o; quizás; quizá; tal vez",
    "SET": (
        "pon; haz; hazlo; ponlo; ve; deja; cambia; toca; pasa; ajusta; que; ponla; vuélvelo; hazla"
    ),
    "PLAY": "toca; tocar; tócalo",
    "FIND": "busca; encuentra; dame; tócame; ponme; muéstrame",
    "SOMETHING": "algo; un loop; un bucle; algo que",
    "SOME": "algo de; unos",
    "NEW": "nuevo; nueva; otro; otra; diferente",
    "MORE": "más; mas; aumenta",
    "LESS": "menos; no tan",
    "TOO": "demasiado",
    "IS": "es; está; suena",
    "MUCH": "mucho; muy; bastante; considerablemente; mucha; muchísimo",
    "TOUCH": (
        "un poco; ligeramente; un poquito; algo; un toque de; levemente; un pelín; poco;"
        " un poco de; un toque"
    ),
    "PACE:+1": "rápido; rapido; acelera; acelerar; rápida; deprisa; veloz; rapida",
    "PACE:-1": "lento; despacio; ralentiza; lenta; desacelera; frena; lentamente",
    "TEMPO": "tempo; velocidad",
    "BPM": "bpm; pulsos por minuto",
    "PERCENT": "%; por ciento; porciento",
    "BY": "en; un; por",
    "TO": "a; hasta; hacia; al",
    "AT": "a",
    "IN": "en",
    "OF": "de; para; por; en; del; a; al",
    "WITH": "con",
    "FEEL": "ambiente",
    "TIME:100": (
        "el doble de rápido; doble tempo; al doble; doble de rápido; el doble de velocidad"
    ),
    "TIME:-50": (
        "la mitad de rápido; mitad de tempo; a la mitad; mitad de velocidad;"
        " la mitad de la velocidad"
    ),
    "TWICE": "dos veces",
    "DIR:+1": "sube; arriba; hacia arriba; súbelo; subir; aumenta",
    "DIR:-1": "baja; abajo; hacia abajo; bájalo; bajar; reduce",
    "HEIGHT:+1": "alto; alta; agudo; aguda",
    "HEIGHT:-1": "bajo; baja; grave",
    "TRANSPOSE": "transpone; transponer; transporta; transpón; transponlo; traspone; transporte",
    "SHIFT": "mueve; cambia; pasa; lleva; sube",
    "INTERVAL:1": "semitono; semitonos; medio tono; medios tonos",
    "INTERVAL:2": "tono; tonos; tono entero",
    "INTERVAL:3": "tercera menor",
    "INTERVAL:4": "tercera mayor",
    "INTERVAL:5": "cuarta",
    "INTERVAL:7": "quinta",
    "OCTAVE": "octava; octavas",
    "KEYWORD": "tonalidad; clave",
    "VOLUME": "volumen; dinámica",
    "MODE": "mayor; menor",
    "LAYER:bass": "bajo; línea de bajo; bajos; linea de bajo",
    "LAYER:chords": "acordes; acorde; armonía; acompañamiento",
    "LAYER:melody": "melodía; melodia; tema",
    "LAYER:low": "mano izquierda; voz grave; capa grave; capa baja",
    "LAYER:high": "mano derecha; voz aguda; capa aguda; capa alta",
    "LAYERS": "capa; voz; pista; parte",
    "THICK:+1": "denso; densa; lleno; cargado",
    "THICK:-1": "escaso; disperso; despejado; ralo; espaciado; vacío",
    "NOTES": "notas; nota",
    "LEVEL:+1": "fuerte; alto; intenso",
    "LEVEL:-1": "suave; bajito; suavemente; flojo; piano; bajo",
    "MOOD:calm": "tranquilo; calmado; calma; tranquila; relajado",
    "MOOD:dark": "oscuro; oscura; sombrío",
    "MOOD:bright": "brillante; luminoso; claro",
    "MOOD:happy": "alegre; feliz",
    "MOOD:sad": "triste",
    "MOOD:energetic": "enérgico; animado; vivo",
    "MOOD:tender": "tierno",
    "MOOD:warm": "cálido",
    "MOOD:dreamy": "soñador",
    "MOOD:mysterious": "misterioso",
    "MOOD:dramatic": "dramático",
    "MOOD:melancholy": "melancólico; melancólica",
    "MOOD:romantic": "romántico",
    "STYLE:jazz": "jazzístico; jazz",
    "IMAGE:rain": "lluvia; lluviosa; lluvioso",
    "IMAGE:night": "noche",
    "IMAGE:morning": "mañana; primavera",
    "IMAGE:summer": "verano; sol",
    "IMAGE:winter": "invierno; nieve",
    "IMAGE:sea": "mar; agua; río",
    "IMAGE:forest": "bosque",
    "IMAGE:storm": "tormenta",
    "BEAT": "pulso; pulsos; tiempo; tiempos",
    "BAR": "compás; compases; compas",
    "HALF:1": "primera mitad",
    "HALF:2": "segunda mitad",
    "LAST": "último; última; últimos; últimas; ultimo; ultimos",
    "ORD:1": "primer; primero; primera",
    "ORD:2": "segundo; segunda",
    "ORD:3": "tercer; tercero; tercera",
    "ORD:4": "cuarto; cuarta",
    "STEPS": "paso; pasos; cambio; cambios; edición; ediciones",
    "TIMES": "veces; vez",
    "ALL": "todo; todas; todos",
    "DOUBLE": "dobla; duplica",
    "EFFECT:echo": "eco; ecos; delay",
    "EFFECT:arpeggio": "arpegio; arpegios; arpegia",
    "EFFECT:humanise": "humaniza; humano",
    "EFFECT:staccato": "staccato; picado; corto",
    "EFFECT:legato": "ligado; legato",
    "EFFECT:octave_double": "en octavas",
    "EFFECT:swing": "swing",
    "ATTR:bpm": "tempo; velocidad",
    "ATTR:key": "tonalidad",
    "ATTR:dynamics": "volumen; dinámica",
    "ATTR:density": "densidad",
    "REFUSE:reverb": "reverb; reverberación; distorsión; filtro",
    "REFUSE:instrument": (
        "batería; guitarra; violín; trompeta; percusión; saxofón; cuerdas; flauta; tambores;"
        " bateria"
    ),
    "REFUSE:voice": "canta; voces; letra; cantar",
}
LETTERS = {"do": 0, "re": 2, "mi": 4, "fa": 5, "sol": 7, "la": 9, "si": 11}
SHARP, FLAT = ("sostenido", "#"), ("bemol", "b")
MAJOR, MINOR = ("mayor",), ("menor",)
_SMALL = (
    "cero uno dos tres cuatro cinco seis siete ocho nueve diez once doce trece catorce quince"
    " dieciséis diecisiete dieciocho diecinueve veinte"
)
NUMBERS = {word: value for value, word in enumerate(_SMALL.split())} | {
    "treinta": 30, "cuarenta": 40, "cincuenta": 50, "sesenta": 60, "setenta": 70, "ochenta": 80,
    "noventa": 90, "veinticinco": 25,
}  # fmt: skip
HUNDRED = ("cien", "ciento")
JOINS = ("y",)
