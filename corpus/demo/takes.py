"""The takes of the demo corpus: one row a recording, and the seeds and the solo beside them."""

from __future__ import annotations

from corpus.demo import styles_blues, styles_latin, styles_lyric, styles_soul
from corpus.demo.model import Feel, Phrase, Style, Touch, Track

TRACKS = (
    Track("01-boogie-c", "Boogie in C", "boogie", "C", 138,
          "A B C A1 B1 C Athin Bthin Cthin Afull Bfull Cfull", 36,
          "twelve-bar blues, four choruses: plain, quick change, stripped, shouting"),
    Track("02-boogie-g", "Boogie in G", "boogie", "G", 164,
          "A1 B1 C1 A B- C1 Athin Bthin C1 Afull Bfull Cfull", 31,
          "faster, with ii-V turnarounds and a diminished chord on the raised fourth"),
    Track("03-bossa-am", "Bossa in A minor", "bossa", "Am", 126,
          "A B A1 C1 C B1 thin thin1 A2 B2 full B", 33,
          "minor to relative major and home through a half-diminished"),
    Track("04-bossa-f", "Bossa in F", "bossa", "F", 140,
          "J J1 J3 J2 K K1 Jthin J2 J- J1 Jfull J2", 34,
          "two-five chains, passing diminished, a subdominant minor bridge"),
    Track("05-gospel-ab", "Gospel in A flat", "gospel", "Ab", 69,
          "A A1 C D B B1 thin thin1 A C full D1", 32,
          "slow vamp: plagal amens, walk-ups, a quiet verse, a full chorus in octaves"),
    Track("06-gospel-eb", "Shout in E flat", "gospel", "Eb", 108,
          "S S1 S S2 Sthin S3 S1+ S2 Sthin S S3 Sfull", 32,
          "up-tempo shout: walking octaves, claps on two and four"),
    Track("07-montuno-am", "Montuno in A minor", "montuno", "Am", 176,
          "I A A1 A2 B B1 thin thin1 A full break A1 B1 full1", 33,
          "i-iv-V-iv, an Andalusian bridge, a break and a mambo"),
    Track("08-montuno-g", "Montuno in G", "montuno", "G", 184,
          "J J1 J2 K K1 Jthin Jthin- J2 J1 Jfull Jbreak Jfull K1 J1", 31,
          "I-IV-V-IV, the harmony doubling its pace in the bridge"),
    Track("09-ballad-f", "Ballad in F", "ballad", "F", 84,
          "A A1 B C D thin thin1 A2 B1 C1 full D1", 33,
          "waltz: tenths and rootless ninths, subdominant minor, a sung line"),
    Track("10-ballad-dm", "Ballad in D minor", "ballad", "Dm", 96,
          "M M1 M2 N Mthin N M M2 Mfull N1 Mthin- N1", 33,
          "minor waltz over a falling bass"),
    Track("11-funk-em", "Funk in E minor", "funk", "Em", 100,
          "A A1 B A2 thin thin1 A A3 full B1 A2 full1", 35,
          "one-chord pocket, sharp-nine turnarounds, a rolling double-hand passage"),
    Track("12-funk-bm", "Funk in B minor", "funk", "Bm", 110,
          "A1 A2 B2 A thin A1 B B2 thin1 A3 full full1", 34,
          "dorian two-chord vamp at a quicker walk"),
    Track("13-second-line-bb", "Second line in B flat", "second-line", "Bb", 112,
          "A B A1 B1 A2 B2 thin thin1 A B1 full full1", 34,
          "rumba-boogie bass in threes under parade off-beats"),
    Track("14-second-line-f", "Second line in F", "second-line", "F", 94,
          "A1 B A2 B1 stops B2 thin B A full full1 B2", 33,
          "slower and greasier, with stop-time breaks"),
    Track("15-stride-bb", "Stride in B flat", "stride", "Bb", 126,
          "A B A1 D C D1 thin thin1 A2 C1 full D1", 34,
          "rag-like circle of fifths, tenths, a running-bass chorus"),
    Track("16-stride-eb", "Stride in E flat", "stride", "Eb", 150,
          "A1 A2 B1 D C C1 thin D A2 B full D1", 31,
          "quick, with two chords a bar"),
    Track("17-ostinato-am", "Ostinato in A minor", "ostinato", "Am", 112,
          "A A1 A2 B thin thin1 A B1 full full1 turn A", 33,
          "arpeggios that turn in threes and fives over slow harmony"),
    Track("18-ostinato-d", "Ostinato in D", "ostinato", "D", 128,
          "J J1 J2 K Jthin Jthin1 J J1 K Jfull J2 J", 35,
          "brighter, over a tonic drone and a falling bass"),
    Track("19-rock-d", "Rock in D", "rock", "D", 118,
          "A A1 B B2 A2 B1 thin thin1 A B full full1", 35,
          "four-chord song: pounded triads, suspensions, a verse of held chords"),
    Track("20-rock-bm", "Rock in B minor", "rock", "Bm", 76,
          "M M1 N M2 Mthin Mthin1 M N1 Mfull N M1 Mfull", 34,
          "slow and heavy, minor, with arpeggiated verses"),
)  # fmt: skip

SEEDS = (
    Track("seeds/boogie", "Seed: boogie", "boogie", "C", 132, "seed", 36,
          "four bars with a quick change and a turnaround"),
    Track("seeds/ballad", "Seed: ballad", "ballad", "F", 84, "seed", 33,
          "four bars of waltz"),
    Track("seeds/funk", "Seed: funk", "funk", "Em", 100, "seed", 35,
          "four bars of pocket and a sharp-nine turn"),
)  # fmt: skip

SOLO = Track("solo", "Solo", "solo", "Am", 112, "one two three four", 33,
             "question and answer in A minor pentatonic with a blue fifth")  # fmt: skip

RIGHT_HAND = Style(
    name="solo",
    beats=4,
    feel=Feel(lead=5, drift=4),
    touch=Touch(
        bass=(64, 1.0), comp=(64, 1.0), lead=(74, 0.93), accents=(3, -3, 1, -2, 2, -3, 1, -1)
    ),
    voicing="trio",
    span=(52, 72),
    lead_low=69,
    about="a right hand alone",
    bass={},
    comp={},
    lead={
        "q1": ". . 5, 7, 1! 3 1 .",
        "q1b": "4! - 3 1 - . . .",
        "a1": ". . 5, 7, 1 3 4 #4",
        "a1b": "5! - - - . . . .",
        "q2": ". 5 7 5 8! - 7 5",
        "q2b": "4 #4 5 4 3 - 1 - - - . . . . . .",
        "a2": ". 3 4 3 1 7, 5, 7,",
        "a2b": "1! - - . . . . .",
        "q3": "8! - . 8 7 8 . 5",
        "q3b": "7 - 5 4 - . . .",
        "a3": "10! - . 10 8 10 . 8",
        "a3b": "7 8 7 - 5 4 3 - 4 - - . . . . .",
        "q4": "5+8! - . 5+8 . 4+7 . 3+5",
        "q4b": "- 4 3 1 - . . .",
        "a4": ". 1 3 4 5! 7 8 10",
        "a4b": "8! - 7 5 1+8 - - .",
    },
    phrases={
        "one": Phrase("Am | Am | Am | Am", ".", ".", "q1 q1b a1 a1b", energy=-6),
        "two": Phrase("Am | Am | Am | Am", ".", ".", "q2 q2b a2 a2b", energy=-1),
        "three": Phrase("Am | Am | Am | Am", ".", ".", "q3 q3b a3 a3b", energy=6),
        "four": Phrase("Am | Am | Am | Am", ".", ".", "q4 q4b a4 a4b", energy=4),
    },
)

STYLES: dict[str, Style] = {
    style.name: style
    for style in (
        *styles_blues.STYLES,
        *styles_latin.STYLES,
        *styles_lyric.STYLES,
        *styles_soul.STYLES,
        RIGHT_HAND,
    )
}
