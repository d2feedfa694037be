"""English words that people use and that are a slip away from a word of ours: never corrected.

Found by comparing the vocabulary with a list of English words by frequency (those of five letters
and less that come twice in a million words or more often, longer ones once).
"""

_WORDS = """
aap abe able abound accelerated accelerator according accounts ace achilles acl acre act acute
acutely ada addition additionally additions adds adhd adjusted adjustment adjusts adoration ads
advancing aero afar affect affects afl afp afterward age aggression aging ahmad aid ailing aim
aiming ain aint air aired airliner airs ala ale ali alight alike allowing allows alloy ally
almighty alot aloud als alt altar alternate alternating alternatively alternatives alters
although amd amending among amp ample amy ana anc andy ang animate ann ans ant ape apiece app
apple apr arc arch archer area ari arid arise ark arm army aromatic arriving arse art arts ash
asleep aspiring ass asses assigned astounding ate atmospheric atop atp attach attached attacked
attacker attacks attribute attributed auction auctions aunt austerity auto ave aversion avery
aviation awe axe aye babe bach backed backs backseat backward backyard bad badly bae bag bagged
bags baird bait bake baked baker baking bald bale ball ballard balls bam ban bands bang bank
banking banner banning bans barb barber bard barge bark barker barking barley barn barney
baroness barr barrier barriers barry bart barter basel bases bash bashed basically basis bat
batch batches bats batter battered batteries battery battled bauer bay bays bea beaches bead
beads beak beam beams bean beans beard bearers bearing bearings beast beasts beater beatings
beau beaver beck become bed bedding beds been beep beers beg beginnings begs behaving being bel
belated bella belle belly belonging belt belts ben bench bender bending bends bent bentley benz
berry bert beside best bet beta bets betsy better betting biased bid bidder bids bike bill bills
bin bind binder binds bing bingo bio birdie bis bitch bite bits bitten bitterly bjp black blair
blake blames bland blast bleach bleached bleeding blend blending bless blight blm block blocked
blocker blockers blocking blocks blogging blooming blow blower blowing blu blur blush blushing
bmi bmw boar boast boat boats bob body bog boi bolt bom bomber bon bond bone bones bong bono boo
book boom boon boosts boot boots bop border bore boring boss bosses bot bother bothers bots
bottle bottoms boulder boulders bounce bouncer bouncing bound bounds bounty bout bow boy boyd
boys bra brace brad bradley brag bragging brain brainer brake bran branding brands brandt brandy
bras brat bravery bravo bray breach breached breaches bread breaker breakers breaks breather
breathes breeder breeders breeding brick briefing brig brigadier brighten brighton brilliance
bringing brings brink brit broad broader broadly brock broke broker brookings broom brothers
brow browning browsing bruins brush brushing brutality buck bud bug bugged bull bulls bum bummer
bumps bun bunk bunker bunny burn bursting burt bury burying bus bush bust buster butt butter
butterflies buy buys buzz bye cab cable cad café cage cahill cain cake cal calder calf cali call
caller calmed cam came camp camping cancer cane canister cannibal canning canon cans cant cap
cape capped capping caps captions car caracas card cardinal cards care cared career carey carly
carrying cars cart cartier carts carving carvings cary cas case casey cash casing cass cast
caster cat catch catches catching cater catering cattle caution cave caves ceased ceases celeste
celestial cell cells cemeteries centered centers centred centres centro cents ceremonies chair
chairs challenger chalmers chan chance chances chandler chang changed changer channels channing
chanting characters charge chargers charges charging charming charting chased chat che cheating
cheek cheeks cheer cheering cheers cheery cheesy chem chen cherries cherry chick chicken
chickens chile chili chilli chilling chin ching chipped chipping cho choi chooses choosing
chopper chopping choral chores chose chow churches churchill churning cindy circuits circular
cite cities clad claim claire clamps clan clans clap clapping class classics classify claus
claws clay clean cleaner cleaners cleaning cleanser clearing click clinging clipper clippers
clipping clips cloak clocked clone cloning close clothing clouded clover clue clues cnn coal
cock cocks cocky cod code cody coil coined col cola coldplay cole collected collier coloring
colt com coma comb combing come comic coming comm commanded commander commanders commando
commandos commend comments commuter commuters compares comparing compassion competed competes
competing compiled compiler compiling complete completed completes complexes complexion
complexity complied complying composed composer composers composing composite compost composure
compressed comprise comprises compute computed computers computing con concerted conclude
conducted cone cones confidence confidential confuses congested congo congrats congress conjure
connector connects cons consented consider considerable consonant conspired conspiring constance
constant constantly constants constraint consultant consumes contacted container contains
contemplate contemplating contemplation contestant contested continent converted convicted coo
cook coop cooperation cop coping cops copy cor core cores cork corn corp corps corrected
correctly cory cos cosmetic cost costly couch cough coughing counters countess counties counting
countries countrymen county coup coupling court courting courtney courts cove coventry cover
covers cow cowards cowell cox crack cracking cracks crafting crane cranky crap crashing crate
crave crawley cream creams creamy crease created creates creative creature creep creeping creeps
cremated crescent crippled crocker crop cropping cross crossing crow crowding crowned cruising
crunching crush cry cub cuba cube cue cult cum cumming cummings cunt cunts cup cure curing
curious curiously currency currents curry cutie cutler cutter cuttings cuz dad dads dairy dam
dame damn damp dan danced dancers dane danger dangling danny dante dar darcy dare dared daring
darn dart darts das dat dated daughter daunting dave dawg dawned day dazzling dea dead deaf
deals dealt dean dear dearly decay deceased decent decorate decreased decreases decreasing
decrees dedicate dedicated deducted dee deed deep deepen deer defeated defeating defected
defective defined deflected degenerate degree del delaying delegate delegated deleted delicacy
delicious delights dell dem demi den denise dent denver depicted depleted depression depressive
depriving der des descended descends descent described describes deserted deserved deserves
designed designer desk dessert desserts det detailed detain detained detected deter determine
determines devour devoured dew dia diaz dice dick didier die died dies differed difference
differently differing dig dim dime diminish diminishes din dine diner ding dinner dip dir dire
directed dirk dirt dis dish disk disparate disposing distorted distortions distress ditched div
dive diver diversion diving diy doable dock docked docks docs dod doe dog dogs doin doing doll
dolly dom dome don donation done dong doo doom dora dos dose doses dot dots doubly doubted
doubting doubtless dough dove dover dow downer downs drafting drag dragging drain draining drank
draught draw drawer drawn dre dread dreamed dreamers dreaming dreamt dreary dressing drilling
drinking drip dripping driver drooling dropping drops drown drug drugged drugs drumming dry dual
duck dues dull dumb dumber dump dun dunk duplicate dust dusty dutch dvd dwell dynamite each
eager ear early earning earnings ears earth earthly earths ease east easter eat eater eats
eclectic eco eddy eden edge edith edt education eff effected effective effectively eighteenth
eighties ejected ejection elaborated elect election elective electrical electron electronic
elegance elevated eleventh elite elle elsa emailing embodies emery employer emptied emptying
enacting enchanted encoding endings ends enduring energies energized eng engaged engraved
enlarged enrolled ent enter entertain entertained entertainers entice entirely entirety erection
eric erie erin erotic est estate esther estimate eternally ethan ether ethereum etsy euphoria
eur evan evaporate eve event evoked evolving examples excerpt excerpts exchange exchanged
exchanges excite excites executed exit exited exits expensive explained explains exposing
expressing extension extras extremes extremity eyes faa fab face fact faction factions factor
factories factors faded fades fag failing failings fainting fair fairer fairy fake fall fam fame
fan fanning fanny fare farm farmer fart farther fat fate fats fatter favor favour fax fear
fearful fearing fearless fears feast feat feather feathered feathers features feb fed federally
fee feed feeding feeds feelin feelings fees feet felicity fell fellow fellows felonies fender
ferry fest fever fiat fiber fibre fielding fiery fife fifteenth fifths fig fighters fighting
figs fil file filed filler fillers fills film filtered filth fin finale finals finch finder
finds fined finely finer fines finger finished finisher finishes finn finnish fins fir fired
firefly fireplace firewall firm firmly fist fists fitter fittings fitz fixes flair flakes flame
flamingo flanders flapping flares flattened flatter flattering flavored flavors flavoured
flavours flee fleeting flesh flew flights fling flipped flipping flirting float floats flock
flocks flooding flooring florida flour flow flower flowering fluoride flush flushing focal foe
foes fold folder foley followed follower followers following folly fond fondness foo food foods
fool foraging force ford fore forecast foremost forested forestry foreword forge fork form
forrest forrester forster fort forth forwarded forwards foster foul found founding fountain
fountains fourteenth fox fracking fractional fractions frames frank frantically freak fred freed
freestyle freezer freezes freezing freighter frequent friction fright frighten fro frog front
frontier frontiers fronting frosted frosting froze fruition fry frying fuck fucker fudge fuel
fueling fuels fullback fully fun function fund furry furthest fury fuse fuzzy gabe gag gain
galaxies gale gall game gang gap gaps garde gardeners gardening gardiner gardner garvey gary gas
gasoline gate gay gaze gear gearing gears gee geek gel gem gen gender gendered gene genera
generally generals generated generates generator genie genres gentile gentiles gentlemen gentry
geo gerry gets gettin ghastly gift gig gil gill gin ginger girls git given gives glacier
glaciers gladys glamorous glancing gland glass glider gloom glossy glove glover glow glue gmt
god goes goin gold gon gone goo goodness goods goodyear goose gop gore got gould gown grab grace
gracious graciously grad grade grader gradient graduate grain gram gran grande grandeur grange
granger granny grant grape grappling gras grasping grass grassy grateful gravel greatest greats
greed greek greene greens greet greeting greg grew grid grieving grilling grind grinder grinding
grinning gripping groom grooming grooves grossing ground grounding grounds grouping grove grover
grow growing gst guide guitarist gum gun gut hack hacked hacking had hah hai hail hailing hairs
hairy hal hale haley halls halo halves ham hammering han handedly hands handy hang hangover hank
hans happenings hara harden hardened hardness hardy hare harm harmon harmonic harmonious harper
harry hart hash hatch hatches hatching hate hath hating hats haul haunt haven hay haze head
heading headless heal healing healthier heap heard hearings hears heart heartbeat heartbreaking
heat heather heating heats heavenly hee heed heel heels heh height heir held hell hella hen her
herb herd hereafter hero heroin herring hers hes hex hid highness highs highways hike hill him
hind hinder hints hip hips hire hired his hitch hitter hiv hive hmm hmmm hms hoarding hoc hog
holder holds hole hollow holly holt home hon honestly hong hoo hood hook hoop hoops hop hops
hormones horn horny horrifying hose host hostility hosts hot hound hounds hour house howe hrs
hub hud hue hug hugged hugh hugo hugs huh hull humane humanist humanity humans humbling humbly
hume hump hun hung hunger hunted hunters hunting hurt hut hypnosis hyun ian icc iced icloud ict
ida ideal ideas identity ids ike ikea ill immediate immensely impartial implying importing
impressing impression impressions improving inaction inanimate incense inch included includes
increased increases ind indecent indicate indifferent indo indy infection infections info ing
ingenuity initiate injected injections innocence inpatient ins insecure insider insiders insides
inspire inspires instalment instance instantly instinct instrumental int integrity intended
intensify intensive inter interior intimacy intimidate intro introduced introduces invariant
inversion invoices invoking ions ios iot irl irs isolated isolates iss ist itch iteration
iterations itv ive ivy jack jacked jade jagger jake jan jar jared jars jaw jax jay jean jeep
jelly jen jerk jerry jess jet jets jew jill jim jin job jock joe joey jog joker jokingly jon
jones jong jose judge jumps jun june junk justices kan kang kara kat kay keen keeper keeps kemp
ken kent kerry keys khan kia kicks kid kidd kids kills kim kimberly kin kinda kinder kindle
kinds kings kirk kissed kisses kissinger kite kits kitty kneeling knew knight knit knocks knot
know knowingly kong korea kung kyoto lace lack lacked lacking lacks lacrosse lad lads lady lag
lakers lame lamp lan lance land lane lanes lang lap laps larger lars las laser lasers lash lasts
latch late lately latent later latina latino latte laughter laundering law lawfully lawn lawyer
lawyers lax lay laying lea leader leads leafs leafy leah leak leaned leap learn learner learners
learning lease leases least leather lecturing led lee leg legal legally legs len lena lend
lender lending lengths lengthy lens lent leo leon lerner les lest letter lettering letting
leveling lever levers lex lick licked lid lie lied lies life lifeless lifts lighted lighten
lightening lighting liked likely likes lim lime limited limitless lin lined linen liner liners
ling linger link links liquidity list lister lit lite litter littered live liver livery lives
living loader loaf loan loans loathing lobe local locality locals locating loch locke locker
lockheed lodging loft log logging logs lois lol lone longed loo looked looking looks loom
looming looney loops loosing loot looting lord lords lore lori los loser losers loses losing
loss lost lotus lou loved lowe lowers lows lte luck luke lumber lump luna lung lure lust luther
lying lyle lyric mace machinery mack mad made madeline madness mae mag magic magically maid
mailing main mainly maintained maintains majors maker makes male mall malone malt man managing
mandarin mane mango mania maniac manned mannered manners manning manor many map mapped mapping
maps mar marc marched marches marco mare marginal marginally marital mark marker marketed marry
marrying mars marsh mart martian marty mary mas mash mass masses mast master mastery mat matched
matching mate mater math matter matthews maturing max may mayer mayor maze mead meal mean
measured measuring meat meats mechanic mechanics meddling medically meditate meditating
meditation meet meetings mellon memories men mend menus mercy mere mess met meteor meters metres
metro mets meyer mice mich mick mid midst might mike mil milder mile milf military milk milky
mill milo min mina minds mine mined miner mines ming mini minister ministers ministry minors
mins mint minutes mis miss mistaken mistakes mistress mit mitch mitt mix mixed mls mmm moan
moaning mock mocked mod model modem moderate moderation modes modestly modi mods moe moist mold
mole molly moments momentum mon monarchy monasteries mono monsters mont monument monuments moods
moody mooney moor moore moose mop morality morgan mornin moron morse mos moses moss mostly
mother mothers moto mould mound mounds mount mountainous mounting mounts mourning mouthful moved
movement movers movie movies moving mud mule muller mum muse musk must muster mustered mutated
mutation mysteries nah nailing name nan nap napping narration nas nash nat nate native nay neal
nearer nearing nearly neat nec ned needs needy negative neither neo nerd nero nerve ness nest
net nets netting never newer news nic nice nicely nicer niche nick nico niece nightmares nike
nile nina nineteenth nineties nobel nod node nodes non none noon nope nor nora nos nose noses
nostalgia noted nothin noticing notification notifications noting notre nov novak nsw nude null
numbered numbers numerous nun nurseries nut nxt objected octane odd ode ofc offs often oily old
older ole olfactory ons onset ooo openings opens operating operational operative operatives
operator operators opposing oppression ops opt optimist orange orchestral ore organs oslo others
otter otters otto ouch ounce ours outer outs oven overalls overhaul overlay override overs overt
overtly owe owen owes owing owl owns pac paced pack packaged packer packet packing pact pad page
paid pain painting pair paired pak pal palate pale palm palmer pals pam panic panicked panicking
pans pants paper par para parallels paris parity park parked parker parks parry parted partial
partially parties partly partner partners partying pas paso passes passive passively passover
pasta paste pat patch patched patches patio pats patterned patterns patterson patty paved paving
paw pawn paws pax pay payers paying pays pbs pcs pea peace peach peak pear peat peck peddling
pee peek peel peeling peep peer peg pen pending penetrate pension pensioners pensions pep pepper
percy perfected perfectly performances performed performer performs perilous perks permission
perry persuasion peru pest pet peter pets petting pew phase phased phases phillies philly php
phrases pic picked picks picky pics pie pieces pier pierce pig pigments pike pill pimp pinched
pine pines ping pink pinning pinpoint pins pint pip piper piss pit pitcher pitchers pitches pits
pity place placed placing plaid plan plane planning planting plated plates plating plato platter
player players playin plays plc plead pleading pleas pleased pleases pleasing pleasure pleasures
plight plot plots plotting plug plugs plum plunging plush pod pods poe poker pol poll polled
polly polo poly pondering pong pony poo pool poop pooping pope por port ports pos pose posh
position positivity possible post pot pots pouch pound pounding pounds pour pov pow powdered
power powered practically pragmatic praise praised prank pray prayed prayer praying pre preacher
precious preclude prefect preorder prepping prescribe presence preserved preserves pressing
prettier prevents previews previously prey prick printing priory producer project projects prom
promoter prop proper prospect protected protector protects protest protests provider pts pub
puck pulitzer pulls pulp pumps pun punch pune punitive punk punt punter pup puppy pure pushed
puts puzzling quantify quantity quarter quarters quickest quit quits quote raced racers racially
racing rack racked racking racks rad radiance radiation radiator radicals radio rae raf rage
ragged raid raided raider rail railing railings rained rainwater raises raj rake rally ram rams
ran rand randy rang ranged ranger ranges ranging rank rant rao rape raped rapids raping rare
rarely rash rat rate rating ration ratios rattle rave raving ray rea reach reaction reactions
reactive read reader ready real realised realty reap rear rearing reasons reassure rebounds
receiver recently reckless reconnect recorded recorders recounts recreate recreating recurrent
red redding redesigned reds reduced reduces reed reef reel reeling refine refineries refinery
reflecting reflection reflects reformer refunded reg regain regained regenerative regent reggie
regiment regiments registered registers registrar registry regularly reich reid reign reigned
reilly reindeer reins rejected rejecting rejoined related relating relation relatively relatives
relay relayed relays released releases releasing relevant religious religiously relocate remade
remained remains remarked remind reminded reminder reminders remote removed removes ren renal
rendered rendering renders reno rent reopening rep repeal repealing repeated repent replaced
replaces replacing replicate reporter reporting requested res research resent reserve reserved
reserves resides residues resigned resin resisted resistor resolute resonant resonate resounding
resource resources respecting respective respectively respects restored restores restrain retail
retailer retained retainer retains retake retreating retreats retrospective revealing revere
reverence reverend reverted reworked rewritten rey rhode rhodesia rhythms rib rica rice riches
richter rick ricky rico riddle ride rider rift rig rigged rightfully rightly rights rigorous
rigorously rim ring ringer ringing rings rinse rio rip ripe ripping risen rises risk risky rite
rivera roadblock roam roar rob robotics roc rocked rockers rocket rockies rod rode roe roger roi
role roller rolls rom romantically rome ron roof rooms root ros rose roster rot rouge rounding
rover rovers rowe rows roy rpg rpm rub rue rug ruin rum runs rushed rushing russ rust ruth sac
sack sacked sacking safe safely safer sage said sake sal sale sally salt salvage salvaged sam
sami samoa sampled sampling san sanction sanctions sand sandy sane sang sanitary sao sap sas sat
satan satin saul save saves saving saw sayin says scan scanning scar scarcely scare scared scarf
scaring scarring scars scent schiller scrape scrapped scrapping scraps scratched scratches
scream screamed scripted scroll scully scum seal seals seam seams sean searched searches
searching sears season seasonal seasoned seat seater seats sec seconded secondly seconds
secretion secretly sect sectional sections secured securely secures sediment sediments sedition
seduce seduction see seed seeding seeds seek seeker seeks seem seen sees segmented selected
selection selective selectively selector selects selfless sell sells semantic semen semester sen
send sender sending sense sent sentiment sentiments seo seoul sep sept ser serena serenity serie
servings sessions seth sets setting settling sevens seventeenth seventies severely severity
severn sew sewer sewing sex sexually sexy sgt sha shabby shack shaded shades shadow shadows
shady shaft shake shaken shakes shale shalt shambles shame shameless shane shape share sharp
sharpe sharpened sharpening sharper shave shaving shaw she shea shear shedding sheep sheer sheet
shell shelling shi shifting shifts shilling shillings shin ship shipping shire shirt shit shits
shitting shiver shivering shoe shoot shooter shooters shooting shop shopping shore shortened
shortest shorts shorty shot shoulda shoulder shouldnt shout shoved shovel shower showered shown
shows shrinking shrugged shuts shy sic sick sid side sigh sight sighting sign signatures
significant signifies signing signings signs silenced silently silk silly sim simmer sin singers
singh singular sink sinking sinks sinner sins sip sipping sir sire sis sister sit sits sitter
situation sixteenth sizzling skate ski skiers skies skill skimming skin skye slap slapped
slapping slate slated slaughter slay slayer slaying sleepers sleeping slew slice slick slid
slider slides slime sling slip slipped slipping slot slots slowed slowing slows slut sly smack
smacking smart smell smh smiling smoked smokers smoothie smoothies smoothing snack snake snap
snapping sneak sneezing snitch snooping snowball snowflake soap sober sock socks sofa softened
soho soil sol sold solder soldier soldiers sole solitaire solos somethin somethings son songs
sonny sons sony soo soon sooner sooo sopranos sorcerer sore sorts soup sour sourced sourcing sow
sowing sox soy spa spaced spacex spade span spanking spanning spare spared spares sparing
sparingly sparking sparring spawning speaking speaks spear speeches speeds speedy spelling spend
spending spice spicer spike spilling spin spinning spirits spirituality splinter splitting
spoiling spoke sport sporting spotting sprang sprawling spraying spreading sprinkle sprinkler
sprint sprinter sprung spun spy spying squared squarely squares squire sta stab stable stacey
stack stacking stacy staff stage stain staining stairs stake stale stalk stalking stall stalling
stamping stan standing star starch stare stares staring stark starling starr starring starter
starters starting startling starts startups starving stat stated staten states stats statue
statues statutes stays std steadily steak steal steam steamer steaming steamy steele steep steer
steering stem stems steph stepping sterling steven stew stewards sticks sticky stiff still sting
stinging stings stingy stink stinking stirling stirring stitch stitched stock stoke stokes stole
stomping stone stones stopping stops store storey storing stormed storming story stove
straighten strain strained strangely stranger strangers strangle strap strapped strategy stray
streak streamed streaming streep streetcar stricken stricter strictly strife strike striker
strikers strikes striking stringer stripe striped stripper strippers stripping strips strive
striving stroke stroking stroller strolling strongest strung stuart stuck stuffs stuffy stun
stunning styled styles sub substantial subtitle subtlety such suction sue suggest suggested
suing suite summaries summary summed sumner sums sung sunk sunlight sunni sup superb supper sur
surf surge surprise surprised surprises surrender suv swam swamp swan swapping swarm swat sway
swearing sweat sweater sweaters sweaty sweep sweeping sweetie swell swept swift swimming swine
swirling switched switches swords symmetry synthesis synthesized tab tables tablet tabs tack
tackling tae tag tagged tags tai taj taken takes taking tale talkin talks tall tame tan tang
tank tanks tanner tanning tao tap taped taper tapering tapes taping tar tart task tat tate
taunting tax tea teach teacher teachers teams tear tearing tease teaser technical technically
ted tee teen tees tel tells temp temper temperate templar template temps tenacity tend tended
tendency tendered tending tens tensor tent terrier terry testifying tex text tha thai thanking
thats thc thee themed themes theo therein theres theses theyre thigh thine thingy think thinker
thinkers thinking thinks thinning thirsty thirteenth thirties thistle tho thorns thorough thou
thought thoughts threes threw thrilled thriller thriving thrown throws thumping thus thy tick
ticker tide tides tidy tie tier tiered ties tight tightening tighter tightly til tile tiles tilt
tim timed timer timers tin tina tinder ting tingling tip tipped tipping tips tire tires tiring
tis tit tits toad toby toe toes together told toll tom ton toned toni tonnes tony took tool
topped topping toppings tops tor torch tore torn tory tos toss total touchy tough tougher tour
tourney tow toward tower town towns trace tracer traces tracey trackers tracking tract traction
tracts tracy trafficked traffickers tragically trail trailer trailers trailing trained trainee
trainees trainers training trait tranquility transparency transpired transport transported trap
trapped trapping traps traumatic traveler traveling tray treasure treasures treat tree tremble
trending trey tri triangles tributes trick tricks tricky tried tries trimming trip tripped
tripping troll trolling troubled troubles troubling trough troy truck trucks trumpets trusting
tryin tub tube tuna tuned tunes turbulence turf turin turing turk turning turns twain tweet twin
twitch tying type tyre uae ukip ultimate ultimately umm unbeaten unbroken uncharted und
underrated undertaker une unhinged unlocked unmarried unsigned unto unwilling unwittingly
upstream urgency usa usb usc usd used user uses usher uss vacation vacations vain valiant
validate validation valuation valuations valve van vance var variable variance variants
variously vase vast vat vein velvet vending vent vents ver vera verb verifying versions vet vets
vetting vibes vibrate vibration vibrator vice victories vid vie vile villa villains vin vine
vines violence violet violinist vocalist voiced voicing volcanic volcanoes volumes vomit vote
votes vow wade wager wages waging wailing wait waiter waiver wake wakes wal wales walk walked
walkers walking wall waller wally walt walter wan wand wander wanderer wang wants ward warden
wards ware warmed warn warner warp wash wasnt wasp wasteful wat watch watchers watches watching
watered watering waterloo waterway watt wave waved waving wax ways weak wealthier wear wearer
wearing wears weathered weave web wed weed week weekly weep wei weight weighted weights welcomes
weld welding wells welp wen wendy went wes westerly wet wha whatever whats wheat wheeling when
while whining whipping whispered whispers whistler whistles who whooping whore whose wick wider
width wielding wig wilde wildfire wiley willfully willingly wills willy win wine winery wines
wing winger wings wink winner wins wire wired wise wish wishful wit witch wither wits wives woah
woe woes won wonder wondering wondrous wong wont woo wooded wooden woodland woodlands woodley
woodstock woodward wool woolly worcester word wore works world worlds worm worms worries worry
wound wounding wounds wow wrap wrapping wrestlers wright wwe xbox yah yan yard yay yea year
yearly years yeh yell yellow yells yen yep yer yin yong yoo younger youre yours yrs yum yun zack
zen zone zones zoo zoom
"""
LOOKALIKES = frozenset(_WORDS.split())
