"""Portuguese words of no single task."""

WORDS = {
    "FILL": (
        "por favor; você pode; pode; poderia; o; a; os; as; um; uma; uns; umas; agora; também;"
        " obrigado; obrigada; quero; gostaria; do; da; dos; de; então; eu quero; vamos; me; ao;"
        " de novo; que seja"
    ),
    "IT": "isso; isto; o loop; a música; tudo; ele; loop; música; o",
    "SEP": "e; depois; mas; além disso; e depois; então",
    "OR": "ou; talvez",
    "SET": (
        "põe; coloca; faz; faça; deixa; deixe; vai; muda; mude; toca; toque; coloque; torna;"
        " ajusta; passa; ponha"
    ),
    "PLAY": "toca; toque; tocar",
    "FIND": "acha; encontra; encontre; procura; me dá; me dê; dá-me; procure",
    "SOMETHING": "algo; alguma coisa; um loop; qualquer coisa; algo que",
    "SOME": "algum; alguns",
    "NEW": "novo; nova; outro; outra; diferente",
    "MORE": "mais; aumenta; aumente",
    "LESS": "menos; não tão",
    "TOO": "demais; muito demais; demasiado",
    "IS": "é; está; soa",
    "MUCH": "muito; bastante; bem; muita; consideravelmente",
    "TOUCH": (
        "um pouco; ligeiramente; levemente; um pouquinho; pouco; um toque de; um tanto;"
        " um pouco de; um bocadinho; um bocado"
    ),
    "PACE:+1": "rápido; rapido; acelera; acelere; rápida; depressa; veloz",
    "PACE:-1": "lento; devagar; lenta; desacelera; desacelere; reduz a velocidade",
    "TEMPO": "tempo; andamento; velocidade",
    "BPM": "bpm; batidas por minuto",
    "PERCENT": "%; por cento",
    "BY": "em; por",
    "TO": "para; a; até; pra",
    "AT": "a; em",
    "IN": "em; na",
    "OF": "de; para; por; do; da; na; à; ao; nos; nas; aos",
    "WITH": "com",
    "FEEL": "clima",
    "TIME:100": (
        "dobro da velocidade; tempo dobrado; dobro do tempo; duas vezes mais rápido;"
        " o dobro da velocidade"
    ),
    "TIME:-50": "metade da velocidade; metade do tempo; meio tempo",
    "TWICE": "duas vezes",
    "DIR:+1": "sobe; suba; acima; para cima; subir; aumenta; eleva",
    "DIR:-1": "desce; desça; abaixo; para baixo; baixa; descer; diminui; baixe; abaixa",
    "HEIGHT:+1": "alta; agudo; aguda; acima",
    "HEIGHT:-1": "baixa; grave; abaixo",
    "TRANSPOSE": "transpõe; transponha; transpor; transporta; module",
    "SHIFT": "move; mova; muda; leva; passa; mude",
    "INTERVAL:1": "semitom; semitons; meio tom; meios tons",
    "INTERVAL:2": "tom; tons; tom inteiro",
    "INTERVAL:3": "terça menor",
    "INTERVAL:4": "terça maior",
    "INTERVAL:5": "quarta",
    "INTERVAL:7": "quinta",
    "OCTAVE": "oitava; oitavas",
    "KEYWORD": "tonalidade; tom",
    "VOLUME": "volume; dinâmica",
    "MODE": "maior; menor",
    "LAYER:bass": "baixo; linha de baixo; baixos; linha do baixo",
    "LAYER:chords": "acordes; acorde; harmonia; acompanhamento",
    "LAYER:melody": "melodia; tema",
    "LAYER:low": "mão esquerda; voz grave; camada grave; camada baixa",
    "LAYER:high": "mão direita; voz aguda; camada aguda; camada alta",
    "LAYERS": "camada; voz; pista; parte; faixa",
    "THICK:+1": "denso; densa; cheio; carregado",
    "THICK:-1": "esparso; ralo; vazio; espaçado; esparsa; enxuto",
    "NOTES": "notas; nota",
    "LEVEL:+1": "forte; alto",
    "LEVEL:-1": "suave; baixinho; suavemente; fraco; baixo; piano",
    "MOOD:calm": "calmo; tranquilo; calma; relaxado; tranquila",
    "MOOD:dark": "escuro; sombrio; escura",
    "MOOD:bright": "brilhante; luminoso; claro",
    "MOOD:happy": "alegre; feliz",
    "MOOD:sad": "triste",
    "MOOD:energetic": "enérgico; animado; energético",
    "MOOD:tender": "terno; delicado",
    "MOOD:warm": "quente; caloroso",
    "MOOD:dreamy": "sonhador",
    "MOOD:mysterious": "misterioso",
    "MOOD:dramatic": "dramático",
    "MOOD:melancholy": "melancólico; melancólica",
    "MOOD:romantic": "romântico",
    "STYLE:jazz": "jazzístico; jazz",
    "IMAGE:rain": "chuva; chuvosa; chuvoso",
    "IMAGE:night": "noite",
    "IMAGE:morning": "manhã; primavera",
    "IMAGE:summer": "verão; sol",
    "IMAGE:winter": "inverno; neve",
    "IMAGE:sea": "mar; água; rio",
    "IMAGE:forest": "floresta",
    "IMAGE:storm": "tempestade",
    "BEAT": "batida; batidas; tempo; tempos; pulso; pulsos",
    "BAR": "compasso; compassos",
    "HALF:1": "primeira metade",
    "HALF:2": "segunda metade",
    "LAST": "último; última; últimos; últimas; ultimo; ultima; ultimas",
    "ORD:1": "primeiro; primeira",
    "ORD:2": "segundo; segunda",
    "ORD:3": "terceiro; terceira",
    "ORD:4": "quarto; quarta",
    "STEPS": "passo; passos; mudança; mudanças; edição; edições; alteração; alterações",
    "TIMES": "vezes; vez",
    "ALL": "tudo; todas; todos",
    "DOUBLE": "dobra; duplica; dobre",
    "EFFECT:echo": "eco; ecos; delay",
    "EFFECT:arpeggio": "arpejo; arpejos; arpeja",
    "EFFECT:humanise": "humaniza; humanize; humano",
    "EFFECT:staccato": "staccato; destacado; curto",
    "EFFECT:legato": "ligado; legato",
    "EFFECT:octave_double": "em oitavas",
    "EFFECT:swing": "swing; suingue",
    "ATTR:bpm": "andamento; tempo; velocidade",
    "ATTR:key": "tonalidade; tom",
    "ATTR:dynamics": "volume; dinâmica",
    "ATTR:density": "densidade",
    "REFUSE:reverb": "reverb; reverberação; distorção; filtro",
    "REFUSE:instrument": (
        "bateria; guitarra; violão; violino; trompete; percussão; saxofone; cordas; flauta"
    ),
    "REFUSE:voice": "canta; cante; vozes; letra; cantar",
}
LETTERS = {
    "dó": 0,
    "do": 0,
    "ré": 2,
    "re": 2,
    "mi": 4,
    "fá": 5,
    "fa": 5,
    "sol": 7,
    "lá": 9,
    "la": 9,
    "si": 11,
}
SHARP, FLAT = ("sustenido", "#"), ("bemol", "b")
MAJOR, MINOR = ("maior",), ("menor",)
_SMALL = (
    "zero um dois três quatro cinco seis sete oito nove dez onze doze treze catorze quinze"
    " dezesseis dezessete dezoito dezenove vinte"
)
NUMBERS = {word: value for value, word in enumerate(_SMALL.split())} | {
    "duas": 2, "uma": 1, "trinta": 30, "quarenta": 40, "cinquenta": 50, "sessenta": 60,
    "setenta": 70, "oitenta": 80, "noventa": 90,
}  # fmt: skip
HUNDRED = ("cem", "cento")
JOINS = ("e",)
