"""Words for moods, styles and images, and what they say in numbers.

Each group of words shares one line of numbers, from -2 (very little, slow, soft, low, detached,
straight, minor) to 2, and the reason for them. The signs for moods follow what listeners agree on:
tempo, mode, loudness, register, articulation and density by emotion in Gabrielsson and Lindstrom,
"The role of structure in the musical expression of emotions" (Handbook of Music and Emotion,
2010), and the cue table of Juslin and Laukka, "Communication of emotions in vocal expression and
music performance" (Psychological Bulletin 129, 2003). Styles follow their textbook rhythm section.
Images are read through the mood that they usually stand for, so they are weaker than moods.

Words of mere praise or blame (nice, better, cool, boring) are left out on purpose: they say
nothing about notes, and a wrong guess is worse than a question.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

MOOD, STYLE, IMAGE = "mood", "style", "image"

COLUMNS = {
    "density": "onset_density",
    "dynamics": "mean_velocity",
    "register": "mean_pitch",
    "articulation": "articulation",
    "swing": "swing_ratio",
    "syncopation": "syncopation",
    "colour": "chromaticism",
}
"""What can be measured on a segment: the lexicon's names, and the bundle's columns. `tempo` and
`mode` are for choosing a segment only."""

GROUPS: tuple[tuple[str, str, str, str], ...] = (
    # kind, words, numbers, why
    (MOOD, "calm peaceful serene tranquil placid restful soothing unhurried",
     "tempo-1 density-1 dynamics-1 articulation+1", "low arousal, pleasant: slow, soft, legato"),
    (MOOD, "relaxed mellow laidback chilled chill lazy loose easygoing tipsy slack unwinding",
     "tempo-1 density-1 dynamics-1 swing+1", "low arousal with a leaning beat"),
    (MOOD, "gentle tender delicate soft-hearted loving affectionate caring timid shy bashful meek"
     " hushed",
     "tempo-1 dynamics-2 articulation+1", "tenderness: soft, slow, legato, little contrast"),
    (MOOD, "sad sadness sorrowful mournful melancholy melancholic gloomy unhappy tearful blue"
     " resigned grieving mourning soulful moody dejected miserable heartbroken depressing",
     "tempo-2 dynamics-1 register-1 articulation+1 mode-2", "sadness: slow, low, soft, minor"),
    (MOOD, "lonely solitary desolate forlorn empty bereft abandoned bleak",
     "tempo-1 density-2 dynamics-1 mode-1", "sadness with few notes"),
    (MOOD, "nostalgic wistful longing yearning bittersweet sentimental homesick bitter regretful"
     " rueful",
     "tempo-1 dynamics-1 articulation+1 mode-1", "mild sadness, sung out"),
    (MOOD, "dark darkness darkened sombre somber shadowy brooding murky smoky dim dusky gothic",
     "register-2 dynamics-1 mode-1", "darkness is heard as low and minor"),
    (MOOD, "bright brilliant sparkling luminous radiant shining glittering sunlit dazzling"
     " gleaming shimmering crystalline",
     "register+2 dynamics+1 articulation-1 mode+1", "brightness is heard as high"),
    (MOOD, "happy joy joyful cheerful merry glad jolly delighted sunny upbeat cheery jubilant"
     " elated gleeful festive",
     "tempo+1 register+1 dynamics+1 articulation-1 mode+2", "happiness: fast, high, major"),
    (MOOD, "playful cheeky witty humorous funny mischievous whimsical bouncy skipping jaunty perky"
     " impish quirky frisky",
     "tempo+1 articulation-2 syncopation+1 mode+1", "light, detached, off the beat"),
    (MOOD, "energetic energy lively vigorous spirited vivid animated driving feisty zesty peppy"
     " vibrant fiery exhilarating",
     "tempo+1 density+1 dynamics+2", "high arousal: fast, loud, busy"),
    (MOOD, "excited ecstatic exuberant thrilling euphoric wild frantic frenzied hectic manic"
     " breathless delirious",
     "tempo+2 density+2 dynamics+2", "highest arousal, pleasant"),
    (MOOD, "angry furious aggressive violent raging fierce brutal hostile enraged vicious savage",
     "tempo+1 density+1 dynamics+2 articulation-1 mode-1", "anger: loud, fast, sharp onsets"),
    (MOOD, "tense tension anxious nervous uneasy restless worried suspenseful edgy agitated"
     " jittery panicky desperate fraught",
     "tempo+1 density+1 colour+1 mode-1", "fear and tension: fast, irregular, dissonant"),
    (MOOD, "scary frightening eerie spooky creepy sinister ominous menacing haunted haunting"
     " ghostly nightmarish terrifying chilling",
     "register-1 dynamics-1 colour+2 mode-2", "fear: soft or sudden, chromatic, minor"),
    (MOOD, "mysterious mystery enigmatic secretive occult cryptic uncanny",
     "dynamics-1 density-1 colour+1 mode-1", "little is said, and outside the scale"),
    (MOOD, "dreamy floating hazy ethereal weightless drifting sleepy drowsy hypnotic trancelike"
     " groggy dazed woozy floaty underwater surreal celestial cosmic",
     "tempo-1 density-1 dynamics-1 articulation+2", "slow, soft, everything rings"),
    (MOOD, "meditative contemplative reflective thoughtful pensive introspective",
     "tempo-2 density-2 dynamics-1", "low arousal, room between the notes"),
    (MOOD, "spiritual sacred holy devout prayerful reverent hymnlike",
     "tempo-1 articulation+1 mode+1 density-1", "chorale: slow, sustained"),
    (MOOD, "solemn grave serious stately dignified noble ceremonial",
     "tempo-2 register-1 dynamics+1 articulation+1", "slow and low, but not weak"),
    (MOOD, "majestic grand heroic triumphant epic powerful mighty glorious monumental regal"
     " imposing cinematic victorious",
     "dynamics+2 density+1 mode+1", "power: loud, full, major"),
    (MOOD, "heavy weighty ponderous massive thick dense-sounding crushing",
     "register-2 dynamics+2 tempo-1", "weight is heard as low and loud"),
    (MOOD, "light airy feathery breezy weightless-sounding transparent",
     "register+1 dynamics-1 density-1 articulation-1", "lightness: high, soft, few notes"),
    (MOOD, "warm warmth cosy cozy intimate homely tender-hearted glowing",
     "register-1 dynamics-1 articulation+1 mode+1", "warmth: middle register, soft, connected"),
    (MOOD, "cold icy frozen frosty cool-toned glassy sterile",
     "register+1 density-1 articulation-1 mode-1", "cold: high, thin, detached"),
    (MOOD, "romantic passion passionate amorous sensual seductive sultry lush",
     "tempo-1 articulation+2 dynamics+1", "legato, rubato and a swell"),
    (MOOD, "sweet innocent childlike naive cute tinkling",
     "register+2 dynamics-1 mode+1", "a music box: high, soft, major"),
    (MOOD, "hopeful optimistic uplifting inspiring encouraging confident positive",
     "register+1 mode+2 dynamics+1", "pleasant and rising: major"),
    (MOOD, "dramatic drama theatrical intense stormy turbulent tempestuous urgent",
     "density+1 dynamics+2 mode-1", "high arousal in minor"),
    (MOOD, "gritty dirty rough raw rugged harsh earthy",
     "register-1 dynamics+2 articulation-1", "loud, low and hard"),
    (MOOD, "smooth flowing fluid silky liquid seamless velvety satin",
     "articulation+2 dynamics-1", "legato"),
    (MOOD, "choppy jagged angular spiky jerky nervy crisp prickly",
     "articulation-2 syncopation+1", "detached and off the beat"),
    (MOOD, "groovy funky-feeling danceable infectious rhythmic grooving",
     "syncopation+2 density+1", "syncopation makes people want to move (Witek et al. 2014)"),
    (MOOD, "simple minimal bare uncluttered spacious sober austere",
     "density-2", "fewer onsets"),
    (MOOD, "complex intricate ornate elaborate florid virtuosic",
     "density+2 colour+1", "more onsets, more notes outside the scale"),
    (MOOD, "exotic spicy colourful colorful chromatic", "colour+2", "notes outside the scale"),
    (MOOD, "tired weary exhausted sluggish heavy-hearted numb lethargic listless",
     "tempo-2 dynamics-1 density-1", "low arousal, unpleasant"),
    (MOOD, "proud bold brave strong-willed determined marching martial",
     "dynamics+1 articulation-1 tempo+1", "a march: firm and detached"),
    (MOOD, "sleek elegant graceful refined sophisticated classy",
     "dynamics-1 articulation+1 colour+1", "poised and a little chromatic"),
    (STYLE, "jazz bebop swingjazz", "swing+2 colour+1 syncopation+1", "swung, with colour tones"),
    (STYLE, "blues", "swing+1 colour+1 tempo-1", "shuffle and blue notes"),
    (STYLE, "boogie boogiewoogie", "density+1 swing+1 dynamics+1 tempo+1", "rolling eighths"),
    (STYLE, "ragtime rag", "syncopation+2 articulation-1 swing-1", "straight, syncopated"),
    (STYLE, "stride", "density+1 syncopation+1 swing+1", "bass and chord in turn"),
    (STYLE, "gospel", "density+1 dynamics+1 colour+1", "full chords, passing chords"),
    (STYLE, "soul", "syncopation+1 articulation+1", "sung, behind the beat"),
    (STYLE, "funk", "syncopation+2 articulation-1 density+1 swing-1", "short sixteenths"),
    (STYLE, "bossa bossanova", "syncopation+1 dynamics-1 swing-1", "straight, soft, off the beat"),
    (STYLE, "samba", "syncopation+2 tempo+1 density+1 swing-1", "bossa's louder parent"),
    (STYLE, "latin salsa", "syncopation+2 density+1 swing-1", "clave: straight and off the beat"),
    (STYLE, "montuno", "syncopation+2 density+1 articulation-1", "a syncopated ostinato"),
    (STYLE, "tango", "articulation-1 mode-1 dynamics+1", "marked, minor"),
    (STYLE, "reggae", "syncopation+2 density-1 articulation-1", "off-beat chords"),
    (STYLE, "rock", "dynamics+2 swing-1", "loud and straight"),
    (STYLE, "pop", "density+0 mode+1 colour-1", "diatonic, in the middle of everything"),
    (STYLE, "ballad", "tempo-2 density-1 dynamics-1 articulation+1", "slow and sung"),
    (STYLE, "lullaby berceuse", "tempo-2 dynamics-2 density-1 register+1", "for falling asleep"),
    (STYLE, "waltz", "articulation-1", "three to the bar: chosen by metre and label"),
    (STYLE, "march", "articulation-1 dynamics+1 syncopation-1", "on the beat, firm"),
    (STYLE, "hymn chorale", "density-1 syncopation-1 articulation+1", "a chord a beat"),
    (STYLE, "classical baroque", "swing-1 syncopation-1 colour-1", "straight, on the beat"),
    (STYLE, "impressionist", "articulation+2 colour+1 dynamics-1", "pedal, colour"),
    (STYLE, "minimalist ambient", "density-1 dynamics-1 articulation+1", "little changes"),
    (STYLE, "ostinato", "syncopation-1 density+1", "a figure again and again"),
    (STYLE, "secondline", "syncopation+2 swing+1", "New Orleans street beat"),
    (STYLE, "country folk", "colour-1 mode+1 syncopation-1", "plain chords on the beat"),
    (STYLE, "flamenco", "colour+1 dynamics+1 mode-1 density+1", "Phrygian and fierce"),
    (STYLE, "shuffle", "swing+2", "triplet eighths"),
    (IMAGE, "rain drizzle drizzling raindrops",
     "dynamics-1 density+1 articulation-1 mode-1 tempo-1", "many small soft sounds, a grey mood"),
    (IMAGE, "night nocturne midnight nocturnal evening dusk twilight nightfall",
     "tempo-1 dynamics-1 register-1", "quiet and dark"),
    (IMAGE, "morning dawn sunrise daybreak spring springtime",
     "dynamics-1 register+1 mode+1", "quiet and bright"),
    (IMAGE, "summer sunshine sun holiday beach picnic garden",
     "mode+2 register+1 articulation-1", "pleasant and bright"),
    (IMAGE, "autumn fall-leaves november fog mist grey gray",
     "tempo-1 dynamics-1 mode-1 density-1", "fading light"),
    (IMAGE, "winter snow ice snowfall snowflakes frost",
     "dynamics-2 register+1 density-1 mode-1", "cold and muffled"),
    (IMAGE, "storm thunder thunderstorm hurricane tempest lightning",
     "dynamics+2 density+2 register-1 mode-1", "loud, low and busy"),
    (IMAGE, "sea ocean waves water river stream lake seaside",
     "articulation+2 density+1", "flowing"),
    (IMAGE, "wind breeze clouds cloud sky",
     "articulation+1 dynamics-1 register+1", "light and moving"),
    (IMAGE, "forest wood woods trees meadow countryside pastoral rustic bucolic",
     "dynamics-1 tempo-1", "quiet nature"),
    (IMAGE, "mountain mountains cathedral church temple monastery",
     "tempo-1 dynamics+1 register-1 density-1", "large and still"),
    (IMAGE, "desert moon moonlight stars starlight starry space night-sky galaxy",
     "density-2 dynamics-1 register+1 articulation+1", "wide and empty"),
    (IMAGE, "fire flames burning volcano", "dynamics+2 density+1 tempo+1", "heat is arousal"),
    (IMAGE, "city street traffic train railway machine factory rush-hour",
     "density+2 tempo+1 articulation-1", "busy and regular"),
    (IMAGE, "party carnival circus festival wedding dance dancing",
     "tempo+1 dynamics+1 mode+1 density+1", "people who are glad"),
    (IMAGE, "funeral graveyard cemetery ghost ghosts ruins",
     "tempo-2 register-1 dynamics-1 mode-2", "death: slow, low, minor"),
    (IMAGE, "battle war fight chase hunt race",
     "tempo+2 dynamics+2 density+1 mode-1", "high arousal, unpleasant"),
    (IMAGE, "cafe coffee bar-room lounge cocktail smoke",
     "swing+1 dynamics-1 tempo-1", "a small band late"),
    (IMAGE, "child children toy toys nursery cradle",
     "register+2 dynamics-1 mode+1", "small and high"),
    (IMAGE, "love kiss lovers farewell goodbye heartbreak tears",
     "tempo-1 articulation+1 dynamics-1 mode-1", "tenderness, mostly sad"),
    (IMAGE, "dream dreams sleep sunday afternoon candlelight",
     "tempo-1 dynamics-1 articulation+1", "rest"),
    (IMAGE, "journey road travelling sailing flying birds bird walk stroll wandering",
     "articulation+1 register+1 mode+1", "going somewhere, lightly"),
    (IMAGE, "giant elephant bear whale dinosaur",
     "tempo-1 register-2 dynamics+1", "size is heard as low"),
    (IMAGE, "butterfly bee bees hummingbird mouse",
     "tempo+1 register+2 dynamics-1 density+1", "small and quick"),
    (IMAGE, "clock clockwork mechanical robot",
     "articulation-2 syncopation-1 density+1", "even and detached"),
)  # fmt: skip

TITLES: tuple[tuple[str, str], ...] = (
    # a title as people say it, and the words that stand for it
    ("clair de lune", "moonlight dreamy"),
    ("moonlight sonata", "night solemn sad"),
    ("gymnopedie", "melancholy minimal"),
    ("fur elise", "wistful flowing"),
    ("take five", "jazz relaxed"),
    ("autumn leaves", "jazz autumn wistful"),
    ("the girl from ipanema", "bossa breezy"),
    ("girl from ipanema", "bossa breezy"),
    ("flight of the bumblebee", "bees frantic"),
    ("in the hall of the mountain king", "sinister driving"),
    ("the four seasons", "baroque lively"),
    ("round midnight", "jazz midnight lonely"),
    ("maple leaf rag", "ragtime playful"),
    ("the entertainer", "ragtime cheerful"),
    ("stormy weather", "blues storm"),
    ("raindrop prelude", "rain melancholy"),
    ("silent night", "lullaby holy"),
    ("blue in green", "jazz meditative"),
)


@dataclass(frozen=True)
class Entry:
    """A word: its kind, what it says (name -> -2..2), and why."""

    word: str
    kind: str
    numbers: Mapping[str, float]
    why: str


@cache
def entries() -> Mapping[str, Entry]:
    """Every word of the table."""
    found: dict[str, Entry] = {}
    for kind, words, numbers, why in GROUPS:
        said = dict(_number(one) for one in numbers.split())
        for word in words.split():
            found.setdefault(word, Entry(word, kind, said, why))
    return found


def _number(text: str) -> tuple[str, float]:
    cut = max(text.find("+"), text.find("-"))
    return text[:cut], float(text[cut:])


def head(word: str) -> str | None:
    """The entry that a word is a form of: "calmer", "calmly", "jazzier", "rains"; None for none."""
    known = entries()
    for form in _stems(word):
        if form in known:
            return form
    return None


def _stems(word: str) -> Sequence[str]:
    stems = [word]
    for end in ("ier", "iest", "ily"):
        if word.endswith(end):
            stems += [word[: -len(end)] + "y", word[: -len(end)], word[: -len(end)] + "e"]
    for end in ("er", "est", "ly", "y", "s", "ish", "-like", "like"):
        if word.endswith(end):
            cut = word[: -len(end)]
            stems += [cut, cut + "e"]
            if len(cut) > 3 and cut[-1] == cut[-2]:
                stems.append(cut[:-1])
    stems += [stem[:-1] for stem in stems if len(stem) > 4 and stem[-1] == stem[-2] == "z"]
    return [stem for stem in stems if len(stem) >= 3]


def numbers_of(text: str) -> dict[str, float]:
    """What the words of a text say together: the mean of each number, over those that say it.

    Empty where none of them is known.
    """
    found = [entries()[one] for one in heads(text)]
    total: dict[str, list[float]] = {}
    for entry in found:
        for name, value in entry.numbers.items():
            total.setdefault(name, []).append(value)
    return {name: sum(values) / len(values) for name, values in total.items() if any(values)}


def heads(text: str) -> tuple[str, ...]:
    """The entries named in a text, titles first, each once."""
    low = " ".join(text.lower().replace("\u2019", "'").split())
    for title, stands in sorted(TITLES, key=lambda one: -len(one[0])):
        low = low.replace(title, stands)
    found = [head(word.strip(".,;:!?'\"")) for word in low.split()]
    return tuple(dict.fromkeys(one for one in found if one))


def columns_of(text: str) -> dict[str, float]:
    """The same for columns of the bundle: what can be asked of a segment's notes."""
    return {COLUMNS[name]: value for name, value in numbers_of(text).items() if name in COLUMNS}


SPOKEN = {
    "tempo": ("slow", "fast"),
    "density": ("sparse", "dense"),
    "dynamics": ("soft", "loud"),
    "register": ("low", "high"),
    "articulation": ("detached", "legato"),
    "swing": ("straight", "swung"),
    "syncopation": ("on the beat", "syncopated"),
    "colour": ("plain", "chromatic"),
    "mode": ("minor", "major"),
}


def in_words(numbers: Mapping[str, float]) -> str:
    """What was understood, for the person: "slow, sparse, soft, minor"."""
    said = [pair[value > 0] for name, pair in SPOKEN.items() if (value := numbers.get(name, 0.0))]
    return ", ".join(said)
