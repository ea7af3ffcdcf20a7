"""Words that insult when they are aimed at somebody, as customers type them: Indonesian, regional and English.

A word here is no verdict: "anjing, lemot" is clean. It is what is looked for first behind a mask, and one of the `kinds` of words
whose nearness tells what is aimed at whom. Changing these words changes features: `FEATURES` in `moderation.text.hashing` goes
up and every model has to be trained again. Left out are those that are everyday words once squeezed: "oon" is "on" then.
"""

INSULTS = (
    "ajg ajing anj anjeng anjg anjing anjink anjir anying asshole asu asw babi babu bacot badut bajingan banci bangke "
    "bangsat bastard bedebah bego bejat belegug bencong biadab bitch bodo bodoh bolot brain brengsek budeg budek bullshit "
    "bungul celeng clown clowns cocot cok cuk cunt dajal dick dongo dumb dumbass dungu fuck fucker fucking gathel gblg gblk "
    "geblek gembel goblog goblok iblis idiot idiots jancok jancuk jembut kacung kampang kampret kampungan kecoak kehed "
    "keparat kimak kntl kontol kunyuk kutu laknat lonte loser losers maling mampus matamu memek monyet moron motherfucker "
    "najis ndasmu ngentod ngentot njing norak nyet otak pantek parasit pathetic pea pekok penjilat pepek perek puki pukimak "
    "retard sampah scum setan shit sialan sinting slut songong stupid sundal sundala tae taek tai taik telaso tempik tlol "
    "tolil tolol trash tuyul udik useless wedhus whore"
)
