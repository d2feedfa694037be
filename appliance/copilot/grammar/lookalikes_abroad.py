"""Words that people use and that are a slip away from a word of ours in another language than
English: never corrected. English words are among them, where one would become a foreign one.

Found like `lookalikes`: of the 15,000 most frequent words of each language, those of six letters
and more. Shorter words of these languages are not corrected at all, so they are not listed.
"""

_WORDS = """
aachen abaisser abaixar abbassare abbattuto abende abends abhalten abschluss abstimmen
abstimmung abwarten acalma accedere accelerate accompagnent accord accorde accordee accorder
accordes accordé accordée accordés accorgi accorti accorto acelerado acelerar acorda acordei
acordem acordo acordos acordó acrescentar acrescentou actuacao actuação acuerdan acuerdas
acuerdos adelaide adelantar adelanto ademais adicao adiccion adicción adicion adicionado
adicionais adicional adición adição admettre adonde advantage advantages afirmado afuera
aggiunge aggiungo aggiunse aggiunta aggiunte aggiunti aggiunto agregado agrego agregó ahorra
ajoutee ajoutent ajoutez ajoutée ajustado ajustar ajuste alegacao alegacoes alegação alegações
alegra alegres alegro alguem algumas alguém alienacao alienação alimenta alimente alleged
allegra allegri allegria alleine alliance allies alterada alterado amanha amanhã amanti
ambiental ambiente ambientes ambienti ambulance amostra amostras anadio ancona andenken anderem
anders anderte angehalten angesetzt anhorung anhörung animacao animada animados animata animated
animati animation animação anmerkung anmerkungen annually annuel annuelle annulee annullato
annulée anoche anregung anregungen anschlage anschlagen anschliessend anschluss anschläge
anschlägen anstelle anular apareca aparecia aparecido aparenta apareça aparte aplicado
apparecchio appoggia appoggio apprends apresenta aproxima aproximam aproximar aproximou archie
ardiente argument argumenta armamento armement armenia armenian arreglar arreglos arrested
arretee arretent arretera arretes arretez arrets arrieres arrivera arrières arrêtent arrêtera
arrêtes arrêtez arrêts arrêtée assaggio assegura assemble astratto asusta atacando atenas
atentamente atestado atracoes atrações attaccato attendre audicion audición aufgesetzt aufhalten
aufheben auflosen auflösen aufstand augmented augmentee augmentent augmenter augmentée aumentado
aumentam aumentan aumentano aumentar aumentare aumentata aumentate aumentati aumentato aumente
aumenti aumento aumentos aumentó aupres auprès ausente ausgesetzt aushalten ausschlag aussie
auswarts auswärts auteur autres avaliacao avaliação avancada avancado avancar avanco avantage
avantages avanzati avanzi avançada avançado avançar avanço aveces aventi aviacion aviación
avortement añadió bacteria bacterial bacterias baisser baixar baixas baixou bajado ballade
banana banche barriere barrieres barrière barrières basata basees baseline bastantes basées
baterias baterías batido batteri batterie batteries battisti beachten befunden begleiten
behalten behalter behälter beinen beinhalten belassen belege bendicion bendiciones bendición
benutzen benutzer benutzt benutzte benutzten bereiche bergisch berichte berichten bescheid
beschleunigt beschleunigung beschluss beschreiben beschreibt beschrieb beschrieben bestimmen
bestimmung besuchen bewegen bewegt bewegte bewegten bezahlte biologie bitten bitter bittet
bleiben bleibt bleues bloccano bloccata bloccate bloccati bloccato blocco blockade blogueira
bloque bloqueada bloqueado bloquee bloqueio bloqueios bloqueo bloqueou bloquer bloques bloquée
bonifica bordas borrar bosques boucler boucles bouclier bougie braccia branco bremen brevemente
brigada brigando brilhantes brillante brillantes brillanti brillants brilliant bringe bringt
buckle bunten burschen buscan buscar buscas busque cacciare caisse caixinha calada calentar
calida callado calmar calmer calmes calmez calzado camadas camarada cambiamos cambian cambiano
cambiar cambiara cambiará cambias cambiata cambiate cambiati cambiato cambiemos cambien cambiera
cambierà cambio cambodia cambogia camminare campeggio campuses canada candle caneta cantam
cantan cantante cantiere cantieri canton cantor capitare captar careca cargada cargador cargando
caricare carregada carregador carregando carregar carriere carrieres carriers carrière carrières
carter casada celebrar certamente chamada chamadas changeant changent changes changez chantent
chanteur chanteurs chantier chantiers chants chapter chapters charente charged chargee chargees
chargement charger charges chargeur chargée chargées chargés charme charter chatte chaude chauds
chegam chegar cheios cheiro cherchent chercher cherches chercheur cherchez chiamo chiant chiara
chiare chiari chiarito chiunque choose chords chosen choses christen chuvas cientos cierto
clairs claros classica classicas classiche classici classico claves cliccare climax clássica
clássicas codici cogliere coisas colocada colocado colocam colocar colocava coloco coloquei
coloquem combates combinare combines commet compacto companies compared compass composta
composto compostos compras comrades concerne connerie conservado conservan conservar conservee
conservees conservent conserver conserves conservée conservées conservés contador contar contare
contener contre cornes coroas corridas corses cortar cortos costituisce coucher couches coupee
couper coupes couple coupée crescente cresta croisiere croisière cuadro cuanta cuanto cuarentena
cuarteto cuartos cuento cuerda cultivos cumbia curtos cálida dachte dammit danken darunter
davanti debarque debloquer deboli debris decade decalage decente decharge dechire dechirer
decrit decrite decrites decrits dedicada dedicado dedicados dedicata dedicati dedicato defait
defaites defender defendu defendue deinem deinen deiner deixam deixar deixei deixem delais
delante delays delegado delegato delibera delicada delicata delicate delicati demandado
demasiada demasiadas demasiados demonter demontre demuestra density dentista dentiste depender
deplacent deplacer deplaces deposits depressao depressed depressão derechas derecho derechos
derivado derivato derriere derrière descanso descend descendu descente desceu descrevem
descrever descreveu describe describen describio describir describió descrita descrito descritti
descrive descubra deseamos desejava desgraca desgraça deshacerse desligado despacho despedido
despertado desprecio destaca destacados destacam destacando destacar destinado destinato destro
detached detacher detenerse detenu determina detienen detruire deutliche deutlichen deutlicher
deutsche devais deviens devuelve dibattiti dibattito dichten diferenca diferentes diferença
difference differences different differentes differents diffèrent différence différences
différent différentes différents diminuer diminuir diminuiu dimostra dinamarca dinamicas
dinamiche dinamico dingen dinheiro dinámicas dinámico dinâmico directa direito direitos direta
discreta discrete discurso disparos disperato dispersed dispersion dispersione dispersión
disputes distante distincao distinção distortion divers diversa diverse diversi doblar dobles
dobrar document doloroso domattina doppel doppelten doppia doppie double doubled doublement
doubler doubles douces douche dourado dourados doutes dovresti dramatic dramatica dramatiques
dramatische dramatischen drammatica drammi dramática drastisch drehen drehte dreissig drittel
drittens drittes droites droits drunter dumpster dunkeln dunkle dunklen dunnen durement dynamic
dynamics dynamiques dynamisme débarque débloquer débris décalage décharge déchire déchirer
décrit décrite décrites décrits défait défaites défendu défendue délais démonter démontre
déplacent déplacer déplacés détacher détenu détruire dünnen ebenen eccessivo eccetera echange
echanges echoes eclair ecrire edition editions editores eignen einhalten einher einigen einiger
einmalig einzige einzigen einziger einziges eleicoes eleições elevar eliminada eliminado
eliminar eliminare eliminate eliminati eliminato elimino eliminó emettre emisiones emociones
empfinde encargado encarregado encontrada encontrado encontram encontrar encontrara encontrará
encontrava encontre encontrei encontrem encontro encontros encontrou encounter encuentran
encuentras encuentre encuentren encuentres encuentro encuentros encuesta endettement energetic
energetica energetico energetique energias energética energético enlevee enlevée ensemble
entendez entendre entends entendu entendue entendus entera enterado entere enteros enters enteré
entfernen entfernt entfernte entfernten enthalten entidade entierro entire entramos entspannen
epique epoque eppure equivale erfinden erfinder erfunden erganzen erganzt ergänzen ergänzt
erhalten erhebliche erheblichen erheblicher erhohen erhoht erhohte erhohten erhöhen erhöht
erhöhte erhöhten erlassen erlitten erneuern erneuert ernste ernstes ernten erschlagen ersetzen
ersetzt erstens escasa escasos escreva escreve escrevem escrever escreveu escrevia escribe
escriben escribes escudo escuras escuros escuta escuto esistenziale espacial espacio espacios
esperado esperait esposta esprits espérait esquadra esquecida esquerdo essential essentials
essenziali estabamos estadao estadio estadios estados estadão estais estando estaremos estates
estatuas estatus estemos estero estimado estive estivi estivo estratto estudado estudo estábamos
estáis etablies etablir etablis etages eteindre etendre etendu eterno eventi eveque evolue
evoquee evoquent evoquer examinar expressa expulsos extend faibles faille faixas fakten falscher
falten falter fanteria fasses fattoria favole favored favori favorire favorite favors favoured
feasible fegato feinde feinen feiner felicemente felici felicidad felicidade felicita felicità
felipe fermarsi fermata fermate fermato fermement fermiers ferreira festgehalten festival
festzuhalten feuchten fiable fierce filter filters filtres filtri filtros finalidad finalidade
finalita finalite finalità finalité finden findet finestra firmati fixiert flamengo flavor
florenca florença florestais florestal florestas flotte focado foglio folgen folgte folter
fondement forcement forcément forest forestale forestali foreste forests forets forget formati
formlich fortes forêts fournie fournier fournies fournir fournis fournit fracos fraglich
fragment franco franquia freigabe freigegeben freilich frenar frischer fritto frohliche
fröhliche fuente fueran fueras fuertes fuerza fullen fuller fundamento förmlich füllen galten
ganhador ganzen ganzer ganzes garanzie garden gardes gardez garner gebauden gebrochen gebäuden
gefunden gegenden geiger gekampft geklappt gekämpft gelang gelassen gelitten gelungen generico
gentiment genérico geraden geradezu gerechte gerede gerichte gerichten geschlagen geschrei
geschwindigkeiten gestalten gestures gesunden gesunder gesundes gesungen gesunken getraumt
geträumt gewinner gewisser gingen gitarren giungere gleichen gleicht gleise gostaram gostariam
gracia graciosa gracioso gramatica grammatica gramática gravemente graves grazia guarantee
guitar guitars haften halben halber halbwegs halftime hallen haller halted halter haltet handle
harder harten harter hatten hattet heater heftiger heiner helfer hellen herdeiro hesitate
heureuse hinaus hindert hinter hinzuzufugen hinzuzufügen hochster hohere holten horten humaine
humaines humains humana humanidad humanisme humanista humaniste humanite humanité humanos
hunderte hunter hätten hättet höchster höhere hörten identidad identidade identita identite
identità identité imparato importa impostare impostato imposte imposti imposto impressa
impressioni impronta impulsos incierto indici indiferente indiretto inerente inesperado infelice
inferno infierno inhalten inmenso inscreva inscrire inserisce inseriti inspiracao inspirada
inspirados inspirar inspiração inspired inspiree inspirer inspires inspirée inspirés instante
inteira inteiras inteiros intend intensa intensas intense intensos intento intentos intera
interacao interacoes interação interações intere interi interino intern interno internos
interromper inteso inverso invierte irgendetwas irgendwann irgendwer irgendwie irgendwo isabella
isolamento ispirata ispirati izquierdas izquierdo jantar jouera jouets joueur joueuse joueuses
justes kalten kannste karriere keines keller kennen kennst kiefer kleinem kleinen kleiner
kleinere kleines kleinste klinge klingelt knoten konntet kraftige kraftigen kräftige kräftigen
kurier kurzem kurzen kurzere kurzeren kurzes könntet kürzere kürzeren labelled lachen laisse
lancamento landern langer lançamento laquelle laster latein latine latini latter lauten lautet
lebenden legado legalement legata legate legati legeres legerete legers leiche leichen leichter
leichtes leider leinen leiste lembra lembrei lembrem lembro lentos lesser letras lettre letztens
letztere letzteren letzterer letzteres leuchten leuchtet liberada liberado liberais liberal
liberale liberali liberals liberar liberare liberata liberati liberato libere liberi liberia
libero liberta libertad libertar libreria librería licencia lichter lidera lieben lieder ligada
ligados ligando ligera lignee lignes lignée lineal linear lineas linhas linked linken linker
literalmente livremente llenos llevan llevar llevas lluvias localidad localidade localita
localite località localité logement logische loschen louche lumineuse luminosa lustigen lustiger
lustiges ländern légalement légers légères légèreté líneas löschen macher machismo machte
machten maestra maestras maestria maestría maggior maggiori maglione mahlzeit mahlzeiten
maintenance maintenu maintien maintient majeures majeurs malinconia manada mananas mancha manche
manchen mandem manden mangiare manhas manhãs mansioni manteiga mantendo mantendra mantendrá
mantenerlo mantenerse mantenga mantenham mantenia mantenía manter mantidas mantiene mantienen
mantinha manzana manzanas marcacao marcante marcação marcha marche marcho marché marchó marianne
marier markieren marsch martin martina martino massaggio materia material materias mating matins
mattia mattinata mañanas measure measures mechante mediacao mediacion mediación mediados medias
mediação medicao medici medicines medicion medición medico mediodia mediodía medição meiden
meilen meinem meiner meines meinten melanger melhoria melodien meneur menschlich menschliche
menschlichen menschliches mentalmente mentem mentire mentor merecido messaggi mestrado mestre
mesuree mesurer mesurée mettra miento migliore minded minden mineures mineurs ministri ministro
minori minute minuten minuti minutos misterio misterios misteriosa mistérios misurare misuse
mitunter mochten mochtest modalidad modalidade modalita modalità modele modificare modificata
modificati modificato modified modular module modules moduli modulo modèle moines moisture
moltissimo moniteur monster monstre monstres montando montanha montee monteiro montreal montrent
montres montrez montée monumenti monumento moralidad moralidade moralita moralite moralità
moralité morceaux morden moreau morgens mosque mosquito mostrada mostrado mostram mostrano
mostrar mostrare mostrata mostrava mostre mostrei mostrem mostri mostro mouche mouvement
movements muchas muchisima muchisimas muchisimos muchos muchísima muchísimas muchísimos muerte
muestran muestras muestre muestro mueven muitas muitos mujica munter musicais musical musicale
musicali musicas musician musico musiques mysterieuse mysterious mystique mystérieuse mächte
méchante mélanger möchten möchtest músicas músico nachsten nachte nachts narracao narracion
narración narrazione narração negato neiges nerveuse nettamente neuvieme neuvième nichte nichts
nieder niedrige niedrigen niedrigere niedrigeren nieves nintendo noches noites nombre nostra
notifica notifiche noutro nouveaute nouveauté nouveaux nouvelles novena nuestra nuestras nuevas
nuevos nutzen nutzer nutzte nächsten nächte obersten obligado obrigacao obrigados obrigando
obrigação obscure obstante octavo ofrecido oitavo orages ordinato orecchio organize oscura
oscuras oscuri oscuros ospitato ottavo ottawa ottenuta outras outros paesaggi paesaggio palencia
palido parceira parceiro parchi parecchi parecchie parece parecia pareciam parecida parecidas
parecidos pareco pareggio parete pareço pariente parier parlement parles parola parole partem
partes particle partidas partiel partir partis partit paseos passados passages passaggio passam
passamos passanti passar passed passee passeios passen passende passenden passender passer
passions passou passée patrie pavimento pecado pechino peggiore penalite percent percepito
percurso perdendo perfetto permetto permissao permissão pertanto peticion peticiones petición
petite petits phasen pianto picada piceno pinheiro piquer pistas pistes plaint platin plausible
plenamente pluies poderiam poderosa podias podria podriamos podrian podría podríamos podrían
podías portal portaria possiamo potreste poubelle poucos pourrais pourront pourtant poussent
pragmatique prassi precisamente precision precisión preliminar premieres premiers premises
premières prenda prende prenditi prendo prendre preocupa preocupe presenta presento presta
prestado pretendu previens primaria primario primeiras primeiros primeras primeros primária
primário principal principales principaux principe principle principles printers procedure
prochaine prochaines prochains procurado procuram procurar procurava procurei procuro procurou
produzent projimo prossima prossime prossimi prouve proverbe proxima proximas proximos prétendu
préviens prójimo próxima próximas próximos puedas pueden punito pálido pénalité quadrati
quadrato quadro quaisquer qualcuna quanti quanto quarantine quarentena quaresma quartas quartet
quarteto quartett quartier quartos quarts quartz quedarme quedarse quedarte quedaste quedes
quelles quentes querelle quesito questa queste questi question quiera quiere quieta quieto
quintal quintana quintas quinte quintero quinto quisieran quisieras quisieron quitan quitarle
quitaron quitarse quitte raccordo radiacao radiacion radiación radiação raggiunge raggiungere
raggiunti rajouter ralenti rapida rapidas rapides rapidi rapidos rapito rarement rasche
rassemble rassembler rassemblé raucher rauschen rebaixado receveur recharge recherche rechne
rechten rechter rechtes rechts recordes recuerdas redire reducen reemplazado reemplazar
reemplazo refait referente reflejado regalado regarder regeln regles regnen regresado regresan
regresar regrese regreso regresó reichsten reicht reichte reinen reiner reinigen relais relatado
relire remedios remete remettre remonter remota removal remover removida remplacee remplacer
remplaces remplacée remplacés rendement render renderlo rendiamo rendicion rendición rendra
rendue rendus renouveau rentre repaired repartie repente repercusion repercusión repercussao
repercussions repercussão repita repiten repito replace reprends resemble resembles respecte
respeita respeite respetado respirer ressemblent ressembler restante rested restee rester restes
restez restée retabli retailer retarder retener retiens retirada retirado retirar retired
retiree retiro retirée retourne retourné retours retrouve revendre revenues revers revienne
revient reviews ribera richte ricorda ricordati ricordo ricorsi riduce rilasciato rilassante
rimane rimini rinder ringen ripercussioni ripete ripeto ripetuti ripristinare ripristino
rispetti ritenere riteneva ritmos ritter rivieres rivières romani romantic romantica romanticos
romantiques romantische romantischen romantismo romántica romântica românticos routes ruelle
ruhige ruhigen rythmes rápidas rápidos règles répartie répercussions rétabli sachen salido
saneamento sanfte sanierung scambiare scarso scarto scattare scelto scende schacht schaffte
schale schalke schalten schalter schaltet schatten schaute scheibe scheiben schichten schickt
schickte schieben schlacht schlaf schlafe schlafen schlager schlagt schlampe schlampen schlange
schlangen schlau schlauer schlecht schleife schlicht schliess schloss schlug schlugen schlusse
schläger schlägt schlüsse schmalen schmitt schneide schneider schnelle schnellen schnelles
schnitt schnitte schreib schreiben schreiber schreibst schreibt schreie schreien schrieben
schrift schriften schrott schulter schuss schwaben schwager schweine schwelle schwingen
schwitzen scoglio scontato secondaire secondari secondary secondes secure sedili seguem seguia
seguida seguidas seguido seguidor seguidos seguindo seguintes seguiram segundas segundos
segurando segurar seguras seguro seicento seinem seinen seiner seitlich seized sekunden seller
semantique semente sementes senador senadora senato senatore senken sentenca sentences sentença
sentieri sentiero sentir sentirlo sentirmi sentirsi sentirti sentite separado settle setzen
setzte setzten seules severement sicuro siebten siente siento siguen sigues siguiendo siguientes
silencioso silenzioso simulacao simulação singer single sinister sinistro sinken smette smettila
soeben solingen solitamente soltar sombrero sombres sommers sonado sonhando sorgen sostituisce
sostituiti souche souffle souffler soupconne soupcons soupçonne soupçonné soupçons soñado
spaccato sparse sparsi spasso speicher spento sperren spiaggia spiegato spiegeln spieler
spielern spiels spielt spielte spielten sposata spostare spostata spostati spostato sprecher
springen spunto staccare stamme stammen stampato starke starkem starken starkere starkeren
starkes statements statua statute statuts steile stella stellen stellt stellte stellten stento
stiamo stiftung stille stimmt stimmte stimmten stopped stoppen stoppt strade strano strati
streich streichen streicht stretched stretches stromung struck strömung stucke stämme stärke
stärken stärkere stärkeren stücke suaves substituida substituir substitute substituto
substituída successi succession successiva successive successivi successo suchen suchte suelto
suenan suerte suitable suited suites suivait suivantes suivants suivent suivront sumamente
summer suonano supplier supprimee supprimes supprimée supprimés surement survivant sustenta
sustituir sustituto svariate svelato svolta svolte svolto swinging swings sémantique sévèrement
tabelas tabelle tabellen tablas tableaux tagliare tantos tarder tasche tasten tastes tatsache
tausch tauschen teixeira tellement teller tempered tempestades tempetes tempio templo templos
temporal temporali temporanea temporaneo temporary tempêtes tender tendue tenure terceiros
terceras terceros terminaba terminada terminado terminal terminals terminan terminar terminara
terminará terminas terminate termine terminen termino terminé terminó testado testando testate
themas themes thèmes tiefen tierna tocado toglie togliersi toller tomando tonnen tontos toquen
toques torcendo tormentas tornam tornando tornar torneira torque totalidad totalidade totalita
totalite totalità totalité touched touchee touchent toucher touches touchée touriste tournent
tracciare tracciato traitent tranquilla tranquilles tranquilli tranquilos transfer transform
transforma transmise transportar transporte transporter transportes transportieren trasferta
trasforma trasformare trasportato trasporti trasporto traurige traurigen travar travel trecento
trends trentina trento trieste tristes tristeza tristi trocando trocar troppa troppe troppi
troque troupe trouva trouvee trouvees trouvent trouver trouvera trouves trouvez trouvée trouvées
täuschen umgesetzt umschlag umwandlung universo usiamo utilidad utilisee utilisees utilisent
utiliser utilises utilisez utilisée utilisées utilisés utilizada utilizado utilizan utilizar
utilize utilized utilizo utilizó vacinacao vacinação vacios vacíos valencia valentin valido
valiente variaciones variadas variam varian variant variantes varianti varias variation
variationen variations variazioni varied varies variiert varían vaudrait vazios veamos veloci
velocidades velocity veneti venuti veracidad veracidade verbande verbunden verbände verdoppelt
vergeblich verlassen verliere verlieren versante versao verschieben verschiebt verschieden
verschrieben versetzen versetzt versão vertraue vertrauen vertraut vertraute vertrauten verwandt
verwandte verweise verwenden verwendet verwendete verwirrung verwundet veterano viento viertel
vierter vigencia violacao violan violar violação violencia violento violin vitesses voglia
vogliamo vogliano vogliono voices volete volker vollem vollen volles voltam voltara voltaram
voltarem voltaria voltará voltas voltei voltem volume volumi voluta vorrai vorresti vostra
voudrait vuelta vuelva vuelven vuelves vuelvo vuestra vuestras válido wachen wandel wandering
wandern wanderung wanderungen wandte warmen warmes wassers weiber weiche weicht weinen weitem
weiten weitere weiteren weiterer weiteres weiters welchem welchen wenger wenige wenigen werden
werdende werder werdet wesentliche wesentlichen wesentlicher westlich wetter wiederherstellung
wiederholt wiederholte wiederholten wiederholung wiederum wiener wilder winters writer written
wundert zeichnen zeiten zeitlich zuruckgehen zuruckkehren zurückgehen zurückkehren zuschlag
zustande zustimmen zustimmung zustände zuweilen zweier zweifeln zweitens zwingen zwingend
änderte échange échanges éclair écrire émettre énergétique épique époque établies établir
établis étages éteindre étendre étendu évolue évoquent évoquer évoquée évêque
"""
LOOKALIKES_ABROAD = frozenset(_WORDS.split())
