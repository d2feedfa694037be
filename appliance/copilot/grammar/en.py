"""English words of no single task. A concept may carry a value: CONCEPT:value."""

WORDS = {
    "FILL": (
        "please; could you; can you; would you; will you; can we; could we; i want you to;"
        " i'd like you to; i would like you to; i want to; let's; let us; lets; i'd like; the;"
        " ok; okay; hey; hi; hello; thanks; thank you; then; also; as well; for me; just; even;"
        " again; my; our; its; your; i need; we need; i want; we want; you; me; i; and then;"
        " there; now please; alright; well; so; maestro; copilot; computer; box; pls; plz; yes;"
        " yeah; let; could; can; would; shall we; why don't we; right; sure; i'd love;"
        " i would like; would you mind; kindly; bit of; if you can; if you could; go ahead and;"
        " the whole; whole; here; that's it; for us; try to; instead; but; overall; in general;"
        " altogether; too; good; great; fine; cool; oops; whoops;"
        " oh; ah; um; uh; hmm; sorry; nice; surprise me with"
    ),
    "IT": (
        "it; make it; get it; give it; keep it; this; that; the loop; the music;"
        " the groove; the whole thing; the sound; them;"
        " those; these; everything; all of it; loop; groove; music; the song; the piece; song;"
        " piece; thing; things; the phrase; phrase; all; the playing; playing; the performance;"
        " sound; the key signature"
    ),
    "BEGINNING": (
        "the start; the beginning; beginning; the top; the very start; scratch; square one"
    ),
    "POINTED": "the other; the other one; the others; that one; that other",
    "A": "a; an",
    "SEP": (
        "and; then; but; also; plus; after that; and then; as well as; yet; though; &;"
        " afterwards; next"
    ),
    "OR": "or; either; make it pop; maybe; perhaps; whether; whichever; possibly; otherwise",
    "SET": (
        "it should; this should; that should; should feel; should sound; restyle;"
        " rearrange; let's have; let's try; try; set; make; get; go; have; let; turn; put;"
        " change; switch;"
        " bring; take; be; becomes; should be; run; keep it; give it; give; render; start; do;"
        " adjust; use; apply; get it; make it; i want; i'd like"
    ),
    "CHANGE": "change; alter; adjust; modify; edit; redo",
    "PLAY": "play; playing; perform; played",
    "FIND": (
        "find; find me; give me; get me; pick; choose; search for; look for; bring me; i want;"
        " let me hear; i want to hear; generate; create; compose; make me; let's hear;"
        " i'd like to hear; i'd like; load; pick me; search; look up; i would like; let's have;"
        " can i have; can i hear; show me; how about; give us; select; pull up; let's try; try;"
        " could i have; we need; i need"
    ),
    "SOMETHING": (
        "something; anything; a loop; one that; a piece; something that; a segment; a groove;"
        " a loop that; a phrase; something which; sth; stuff"
    ),
    "SOME": "some; any; a few",
    "NEW": "new; different; another; fresh; other; alternative; brand new; anew; a different",
    "LOOP": "loop; segment; groove; piece; phrase; music; one; song; vamp; idea",
    "MORE": "more; increase; additional; extra; a more; into a more; greater; further; bit more",
    "LESS": "less; not so; not as; not too; not that; not quite so; too much; fewer",
    "TOO": "too; way too; much too; far too; overly",
    "IS": (
        "is; it's; sounds; that's; feels; this is; it is; are; seems; was; that is; are we;"
        " is it; is the; is this; we are; we're; do we have; do you have"
    ),
    "MUCH": (
        "hard; big; huge; large; much; a lot; far; way; lots; lots of; very; really; significantly;"
        " considerably; heavily; drastically; quite a bit; extremely; a lot of; by a lot; loads;"
        " substantially; strongly; dramatically; heavy; strong; massively; a good deal;"
        " plenty of; super; completely; a whole lot; tons of; totally; big time; a great deal;"
        " radically; hugely"
    ),
    "TOUCH": (
        "a bit; a little; a touch; slightly; a tad; somewhat; a little bit; bit; little; touch;"
        " a touch of; a bit of; a little bit of; a hint of; a dash of; a pinch of; a shade;"
        " slight; subtle; subtly; a notch; kind of; sort of; a smidge; tiny; a tiny bit;"
        " just a bit; mild; mildly; a wee bit; small; just a touch; a hair; a tad of;"
        " a whisper of; ever so slightly; a fraction; gently; lightly; tad; a smidgen; light"
    ),
    "PACE:+1": (
        "faster; quicker; fast; quick; speed up; accelerate; quicken; hurry up; brisker;"
        " pick up the pace; speedier; quickly; speed it up; brisk; pick up the tempo; rapid;"
        " hurry; step on it; push the tempo; push it; pick it up; rush; up tempo; up-tempo;"
        " uptempo; speeding up; push the tempo up"
    ),
    "PACE:-1": (
        "slower; slow; slow down; decelerate; slow it down; slowly; slow things down; slow it;"
        " slow this down; slow that down; slower down; take it slower; downtempo;"
        " slow everything down; pull back the tempo; slow up; relax the tempo; take it easy;"
        " rein it in"
    ),
    "TEMPO": "tempo; speed; pace; bpm",
    "BPM": "bpm; beats per minute; beats a minute; b.p.m.; bmp",
    "PERCENT": "%; percent; per cent; pct; per-cent",
    "BY": "by",
    "TO": "to; into; till; until; towards; through; thru; up to; down to; -; onto; as far as",
    "AT": "at; around; about; @; near; roughly; of about",
    "IN": "in; in the; within; inside; during; over in; in the key of; key of",
    "OF": "of; for; from; in; on; on the; over; across; onto; to; for the; at the; between",
    "WITH": "with; featuring; having; that has; using; that is; which is; that's; and is",
    "AS": "as; like",
    "FEEL": (
        "feel; feeling; vibe; mood; style; character; sound; groove; touch; atmosphere; flavor;"
        " flavour; tone; timing; sounding; feels; sounds; be; kind; way; playing; manner; genre"
    ),
    "TIME:100": (
        "double time; double the tempo; double speed; twice the speed; double the speed;"
        " double-time; doubletime; double tempo; twice the tempo; twice as fast;"
        " double it up in tempo"
    ),
    "TIME:-50": (
        "half time; half speed; halve the tempo; half the speed; half the tempo; half-time;"
        " half as fast; halftime; half tempo; cut the tempo in half; halve the speed;"
        " twice as slow; halve tempo; at half speed"
    ),
    "TWICE": "twice; two times; double",
    "DIR:+1": (
        "sharpen; sharpen up; up; upwards; raise; increase; lift; boost; upward; pump up;"
        " crank up; bump up; crank; bump; ramp up; rise; raised; go up"
    ),
    "DIR:-1": (
        "flatten; down; downwards; decrease; reduce; lower; downward; drop; cut; bring down;"
        " dial down; go down; dial back; tone down; ramp down; lowered; descend"
    ),
    "HEIGHT:+1": "higher; higher up; up high; above",
    "HEIGHT:-1": "lower; deeper; lower down; below",
    "TURN": "turn; dial; crank",
    "TRANSPOSE": (
        "transpose; modulate; pitch shift; pitch-shift; transposed; pitch; repitch;"
        " transposition; change key; key change; change the key; pitch it"
    ),
    "SHIFT": (
        "shift; move; bring; take; slide; put; change; everything; raise; jump; go; switch;"
        " step; knock; bump; shove; push; nudge; pull; pop; lift"
    ),
    "PITCH": "pitch; in pitch; pitched; the pitch",
    "INTERVAL:1": (
        "semitone; semitones; half step; half steps; half tone; half tones; half-step;"
        " half-steps; half-tone; minor second; st; semi; semis; fret; semi tone; semi tones;"
        " semi-tone; semi-tones; chromatic step; chromatic steps"
    ),
    "INTERVAL:2": (
        "tone; tones; whole step; whole steps; whole tone; whole tones; major second;"
        " full step; full tone; whole-step; whole-tone; full steps; full tones"
    ),
    "INTERVAL:3": "minor third; minor thirds; minor 3rd",
    "INTERVAL:4": "major third; major thirds; major 3rd",
    "INTERVAL:5": "fourth; perfect fourth; 4th; perfect 4th",
    "INTERVAL:6": "tritone; augmented fourth; diminished fifth",
    "INTERVAL:7": "fifth; perfect fifth; 5th; perfect 5th",
    "INTERVAL:8": "minor sixth; minor 6th",
    "INTERVAL:9": "major sixth; major 6th",
    "INTERVAL:10": "minor seventh; minor 7th",
    "INTERVAL:11": "major seventh; major 7th",
    "OCTAVE": "octave; octaves; 8ve; oct; 8va",
    "KEYWORD": "key; tonality; the key; key center; key centre; tonal center",
    "VOLUME": (
        "volume; dynamics; dynamic; loudness; level; levels; velocity; velocities; intensity"
    ),
    "MODE": (
        "major; minor; mode; the major mode; the minor mode; relative major; relative minor;"
        " parallel major; parallel minor"
    ),
    "LAYER:bass": (
        "bass; base; base line; baseline; bass line; bassline; bass part; bass notes;"
        " basslines; bass lines; bass voice; bass layer; bass track; bottom line; basses;"
        " bass-line"
    ),
    "LAYER:chords": (
        "chords; chord; cords; cord; harmony; harmonies; comping; accompaniment; chord part;"
        " chord layer; chord notes; the middle; backing; chord track; chordal part;"
        " inner voices; comp; voicings"
    ),
    "LAYER:melody": (
        "melody; tune; lead; top line; melodies; lead line; melody line; top voice;"
        " melodic line; lead voice; melody part; melody notes; melody layer; theme; lead part;"
        " topline"
    ),
    "LAYER:low": (
        "low layer; low part; left hand; low notes; lower part; low voice; lower layer; low;"
        " lower voice; low register; left-hand part; left hand part; lower notes;"
        " lower register; lh; bottom; low end; low line; lower half; low range"
    ),
    "LAYER:high": (
        "high layer; high part; right hand; high notes; upper part; high voice; high; rh;"
        " upper voice; treble; top layer; high register; right hand part; upper layer; top part;"
        " top; higher notes; upper register; upper notes; top notes; high line; higher layer;"
        " upper half"
    ),
    "LAYERS": (
        "layer; layers; part; parts; voice; voices; track; tracks; line; lines; instrument;"
        " instruments"
    ),
    "BACK": "back",
    "OUT": "out; away",
    "KEEP": "keep; hold; freeze; stay; repeat; loop; stay on; stay with; stick with; hold on to",
    "PLACE": (
        "back; underneath; below; on top; above; on top of it; over it; under it; beneath;"
        " beneath it; below it; above it; over the top; under; on top of that"
    ),
    "THICK:+1": (
        "denser; dense; busier; busy; fuller; thicker; thicken; thicken it; fill it out;"
        " thicken up; crowded; beef it up; full; densely; packed; fill out; more going on;"
        " richer; rich; more crowded; thick"
    ),
    "THICK:-1": (
        "sparse; sparser; thinner; thin; thin out; thin it out; emptier; strip it down; leaner;"
        " strip down; pare it down; sparsely; pared down; stripped down; strip it back;"
        " thin down; less going on; thin it down; lean; strip back; pare down; simplify;"
        " simplify it; stripped back; more space; more room; leave more space;"
        " give it more space; leave more room; open it up"
    ),
    "NOTES": "notes; note; onsets; events; hits; density; strokes",
    "LEVEL:+1": (
        "louder; loud; stronger; forte; harder; loudly; fortissimo; hard; amplify;"
        " ff; more powerful attack; more strongly; turn it up; turn up; harder hit"
    ),
    "LEVEL:-1": (
        "softer; soft; quieter; quiet; softly; quietly; pianissimo; quieten; quieten down; pp;"
        " turn it down; turn down; quiet down; soften; hush;"
        " quiet it down; soften it; mezzo piano; play down; tone it down; dial it back;"
        " tone down; hushed; muted"
    ),
    "BEAT": "beat; beats; count; counts",
    "BAR": "bar; bars; measure; measures",
    "HALF:1": "first half; opening half; the first half",
    "HALF:2": "second half; last half; latter half; other half; the other half; closing half",
    "LAST": "last; final; previous; latest; most recent; recent; closing; ending; past; prior",
    "ORD:1": "first; 1st; opening",
    "ORD:2": "second; 2nd",
    "ORD:3": "third; 3rd",
    "ORD:4": "fourth; 4th",
    "ORD:5": "fifth; 5th",
    "ORD:6": "sixth; 6th",
    "ORD:7": "seventh; 7th",
    "ORD:8": "eighth; 8th",
    "STEPS": (
        "step; steps; change; changes; edit; edits; thing; things; move; moves; action;"
        " actions; round; rounds; modification; modifications; one; ones; command; commands;"
        " thing i did; tweak; tweaks; request; requests; thing you did; version; state;"
        " adjustments; mistake; undos; operation; operations"
    ),
    "TIMES": "times; time; x; in a row",
    "ALL": (
        "all; everything; all of it; all of them; the lot; whole; every; all the; entire; whole lot"
    ),
    "ALLBUT": (
        "everything but; all but; everything except; all except; everything apart from;"
        " everything besides; everything other than; all apart from; all other than;"
        " everything except for; all except for; anything but; all layers but;"
        " all layers except; everything else but"
    ),
    "OFF": "off",
    "DOUBLE": "double; doubled; doubling; doubles",
    "EFFECT:echo": "echo; echoes; delay; echoing; echoed; an echo; repeats; delays; echo effect",
    "EFFECT:arpeggio": (
        "arpeggio; arpeggios; arpeggiate; arpeggiated; arpeggiator; broken chords; roll;"
        " arpeggiation; arp; rolled; rolled chords; break up; arpeggiating; arpeggi;"
        " arpeggiate it"
    ),
    "EFFECT:humanise": (
        "humanise; humanize; human; humanised; humanized; more human; humanisation;"
        " humanization; human feel; human timing; humanly; less mechanical; less robotic;"
        " looser timing; loosen; loosen up; humanising; humanizing; loosen it up; human touch;"
        " less quantised; less quantized; imperfect timing"
    ),
    "EFFECT:swing": (
        "swing; swung; swinging; swingy; swing feel; swings; swing it; swingier; swung feel"
    ),
    "EFFECT:staccato": (
        "staccato; detached; clipped; short notes; shorter notes; staccatissimo; shorter;"
        " shorten; shorten the notes; short; staccatos; stabby"
    ),
    "EFFECT:legato": (
        "legato; connected; sustained; longer notes; long notes; sostenuto; tied;"
        " lengthen the notes; connect the notes; legatissimo; sustain; lengthen; joined up"
    ),
    "EFFECT:octave_double": (
        "octave double; octave doubling; in octaves; octave doubled; double octaves;"
        " octave doubles; octave doublings; doubled octaves; doubled in octaves; octave-doubled;"
        " octave-double; octave-doubling"
    ),
    "ATTR:density": "density",
    "ATTR:register": "register; range; pitch range",
    "ATTR:dynamics": "dynamics; volume; loudness; velocity; velocities; dynamic level",
    "ATTR:articulation": "articulation",
    "ATTR:swing": "swing; swing ratio",
    "ATTR:feel": "feel",
    "ATTR:mode": "mode",
    "ATTR:style": "style; genre",
    "ATTR:mood": "mood",
    "ATTR:time_signature": "time signature; metre; meter; bar length; signature",
    "ATTR:length": "length; loop length; duration",
    "ATTR:layers": "layers; voices; instrumentation",
    "ATTR:sources": "sources; source; segment; segments",
    "ATTR:effects": "effects; effect",
    "ATTR:bpm": "tempo; speed; bpm; pace",
    "ATTR:key": "key; tonality",
    "LOCKED": "locked; locks; lock",
    "AGAIN": "again; now",
    "BE": (
        "are we in; are we; is it in; is it; are we at; do we have; playing; are you;"
        " are you in; currently; right now; at the moment; is on; are on; are playing;"
        " are we playing in; going on; is this; is this in; does it have; i; sounding; in; are"
    ),
    "NOW": "now; right now; immediately; at once; right away; straight away; this instant",
    "REFUSE:reverb": (
        "reverb; reverberation; distortion; distort; filter; filters; chorus; flanger; phaser;"
        " compressor; compression; compress; eq; equaliser; equalizer; overdrive; fuzz; wah;"
        " wah-wah; bitcrusher; autotune; auto-tune; vocoder; low-pass; lowpass; high-pass;"
        " highpass; sidechain; tremolo; vibrato; pan; panning; stereo; saturation; limiter;"
        " detune; pitch bend; glide; portamento; hall; plate reverb; resonance; cutoff;"
        " low pass; high pass; lo-fi; lofi; vinyl; tape; fade out; fade in; fade; quantise;"
        " quantize; quantised; quantized"
    ),
    "REFUSE:gradual": (
        "crescendo; decrescendo; diminuendo; ritardando; rallentando; accelerando; gradually;"
        " gradual; rubato; bit by bit; little by little; step by step; slowly getting; by degrees"
    ),
    "REFUSE:instrument": (
        "drum; drums; drumbeat; drum beat; drum kit; drum loop; percussion; guitar; guitars;"
        " violin; violins; strings; string section; orchestra; sax; saxophone; trumpet; horns;"
        " brass; flute; clarinet; cello; synth; synthesizer; synthesiser; organ; harp; choir;"
        " cymbal; cymbals; hi-hat; hihat; hi hat; snare; kick; kick drum; marimba; vibraphone;"
        " accordion; banjo; ukulele; beatbox; bongos; congas; shaker; tambourine; cowbell;"
        " claps; handclaps; electric piano; rhodes; harpsichord; trombone; tuba; oboe; bassoon;"
        " viola; double bass; bass guitar; 808; electric guitar; backbeat; string quartet;"
        " woodwinds; harmonica; sitar; bells; glockenspiel; xylophone; celesta; wurlitzer;"
        " hammond; a band; strings section; steel drums; bagpipes; mandolin; woodwind; lute;"
        " lyre; tabla; alto; tenor; soprano; baritone; zither; fiddle; piccolo; bell; gong;"
        " timpani; ocarina; recorder; theremin; moog; keytar; lutes; bongo; conga; maracas;"
        " castanets; triangle; woodblock; kalimba; djembe; cajon; kora; oud; koto; erhu;"
        " shamisen; dj; turntables; sampler; sample; samples; pads synth"
    ),
    "REFUSE:voice": (
        "vocals; vocal; singer; sing; sings; singing; lyrics; rap; rapping; words; speak;"
        " speech; whistle; hum; humming; choirs; voiceover; talk; say hello; talking"
    ),
}
LETTERS = dict(zip("cdefgab", (0, 2, 4, 5, 7, 9, 11), strict=True))
SHARP, FLAT = ("sharp", "#", "\N{MUSIC SHARP SIGN}"), ("flat", "b", "\N{MUSIC FLAT SIGN}")
MAJOR, MINOR = ("major", "maj"), ("minor", "min", "m")
_SMALL = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen"
    " fifteen sixteen seventeen eighteen nineteen"
)
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
NUMBERS = {word: value for value, word in enumerate(_SMALL.split())} | {
    word: value * 10 for value, word in enumerate(_TENS.split(), 2)
}
HUNDRED = ("hundred",)
JOINS = ("and", "a")
