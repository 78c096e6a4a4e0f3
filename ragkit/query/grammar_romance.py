"""The small words of French, Spanish, Italian and Portuguese by which questions lean on others."""

from __future__ import annotations

import re

from ragkit.query.grammar import Grammar, any_of, grammar

ROMANCE: dict[str, Grammar] = {
    "fr": grammar(
        asks_on=re.compile(
            r"^(?:et |mais )?qu[’']en est-il\b|^(?:et )?quid\b|^même (?:question|chose)\b"
            r"|^et si\b|^(?:quoi|qui|où) d[’']autre\b|^(?:dis|dites|explique)\w*(?:-moi)? "
            r"(?:en )?(?:plus|davantage)\b|^plus de détails\b|^continue\b"
        ),
        joins="et mais alors donc aussi ensuite puis sinon ou car oui non",
        refers=any_of(
            "elles?(?! (?:est|sont) l)",
            "ils?",
            "eux",
            "lui",
            "cela",
            "ça",
            r"celui|celle|ceux|celles",
            r"(?:ce|cet|cette|ces)(?! (?:que|qui|matin|soir|jour|mois|année|semaine|sont)\b)"
            r"(?!-là)(?= \w)",
            "là-bas",
            "y(?! a\\b| avait\\b| aura\\b| a-t)",
        ),
        owns=any_of("son sa ses leur leurs"),
        people=any_of("il elle lui son sa ses"),
        empty=any_of(
            r"(?:qu[’']|qui |que |quoi )?est[ -]ce(?: qu[ie’']?)?",
            r"y a[ -]t[ -]il|il y a(?:vait|ura)?",
            r"(?:faut|existe[ -]t|s[’']agit|suffit|vaut|pleut)[ -]il|il (?:faut|existe|s[’']agit)",
            r"(?:est|était|serait)-il (?:\w+ment )?(?:possible|permis|vrai|nécessaire|obligatoire"
            r"|interdit|autorisé|utile) (?:de|d[’']|que|qu[’'])",
            r"c[’']est|ce sont",
            r"quelle heure est-il",
        ),
        places="dans en à a au aux de du des d pour avec sans par sur sous chez pendant avant "
        "après depuis entre vers contre dès selon jusqu",
        the="le la les l",
        questions="que qu quoi qui quand où comment pourquoi combien quel quelle quels quelles "
        "lequel laquelle lesquels lesquelles",
        function="un une est sont était étaient sera seront été être a ont avait avaient aura fait "
        "font faire peut peuvent pouvait doit doivent t il ils elle elles on je me moi tu te toi "
        "nous vous mon ma mes ton votre notre nos vos son sa ses leur leurs lui eux ce cet cette "
        "ces cela ça celui celle ceux celles c s n y ne pas plus si comme très même autre autres "
        "tout tous toute toutes chaque quelque quelques exemple détail détails exactement merci "
        "explique expliquez dis dites là ici davantage encore aussi longtemps souvent se va",
        links=re.compile(r"[,;:]|\b(?:et|ou|si|quand|que|qui|après|avant|parce|lorsqu\w*|comme)\b"),
    ),
    "es": grammar(
        asks_on=re.compile(
            r"^(?:y |pero )?qué (?:pasa|hay|ocurre|sucede) (?:con|de)\b|^(?:y )?qué tal\b|^y si\b"
            r"|^lo mismo\b|^(?:qué|quién|dónde) más\b|^(?:dime|cuéntame|explica\w*) más\b"
            r"|^más detalles\b|^continúa\b"
        ),
        joins="y e pero entonces también tambien luego después o u porque sí no",
        refers=any_of(
            "él",
            "ellas?|ellos",
            "esto|eso|aquello",
            r"est[aeo]s?(?! (?:mañana|semana|año|tarde|noche|mes|carpeta))",
            "es[ae]s?(?= \\w+)(?<!es)",
            r"es[ao]s?",
            r"ese",
            r"aquel(?:la|los|las)?",
            r"lo(?= (?:hace|hizo|hacen|paga|pagan|aprueba|dice|dijo|puede|pueden|escribió|decide"
            r"|usa|usan|dirige|firma|firmó|debe|pidió|recibe)\b)",
            r"allí|ahí|allá",
        ),
        owns=any_of("su sus suyo suya suyos suyas"),
        people=any_of("él ella su sus"),
        empty=any_of("lo que|los que|las que|el que|la que", "es decir", "esto es"),
        places="en de del a al para por con sin desde hasta sobre entre durante antes según contra "
        "hacia bajo tras",
        the="el la los las",
        questions="qué que quién quien quiénes cuándo cuando dónde donde adónde cómo como cuál "
        "cuáles cuánto cuánta cuántos cuántas",
        function="un una unos unas es son era eran fue fueron será ser está están estaba estar ha "
        "han había hay haber tiene tienen puede pueden debe deben hace hacen yo me mi tú te tu él "
        "ella ellos ellas nosotros nos usted ustedes se le les lo su sus esto eso este esta estos "
        "estas ese esa esos esas aquel aquella más menos muy no si otro otra otros otras mismo "
        "misma todo todos toda todas cada algo ejemplo detalles exactamente gracias dime explica "
        "explícame allí ahí aquí también ya solo tanto tiempo",
        links=re.compile(r"[,;:]|\b(?:y|o|si|cuando|que|después|antes|porque|mientras)\b"),
    ),
    "it": grammar(
        asks_on=re.compile(
            r"^(?:e |ma )?(?:che|cosa) (?:ne|dire|succede) (?:dici|di|con|di)\b|^e se\b"
            r"|^(?:e )?per quanto riguarda\b|^lo stesso\b|^(?:cos|chi|dove)[’']?a? ?altro\b"
            r"|^(?:dimmi|spiega\w*) (?:di )?più\b|^continua\b|\binvece[?.! ]*$"
        ),
        joins="e ed ma allora quindi anche poi o oppure perché sì no inoltre",
        refers=any_of(
            "egli|ella|esso|essa|essi|esse|lui|lei|loro",
            r"quest[oaie](?! (?:mattina|settimana|mese|anno|sera|cartella))",
            r"quell[oaie](?! che\b)|quel|quei|quegli",
            r"ciò(?! che\b)",
            "lì|là",
        ),
        owns=any_of("suo sua suoi sue"),
        people=any_of("lui lei suo sua suoi sue"),
        empty=any_of("c[’']è|ci sono", "cioè"),
        places="in nel nella nei nelle nell a al alla ai alle all di del della dei delle dell da "
        "dal dalla per con senza su sul sulla tra fra durante prima dopo entro contro presso "
        "secondo",
        the="il lo la i gli le l",
        questions="che cosa cos chi quando dove come perché quale quali qual quanto quanta quanti "
        "quante",
        function="un uno una è sono era erano fu furono sarà essere stato stata ha hanno aveva c "
        "ci può possono deve devono fa fanno io mi mio mia tu ti tuo noi voi si lui lei loro esso "
        "essa suo sua suoi sue questo questa questi queste quello quella quelli quelle ciò più "
        "meno molto non se altro altra altri altre stesso stessa tutto tutti tutta tutte ogni "
        "esempio dettagli esattamente grazie dimmi spiega ancora anche solo qui lì là invece tempo "
        "viene vengono",
        links=re.compile(r"[,;:]|\b(?:e|o|se|quando|che|dopo|prima|perché|mentre)\b"),
    ),
    "pt": grammar(
        asks_on=re.compile(
            r"^(?:e |mas )?quanto (?:a|à|ao|às|aos)\b|^que tal\b|^e se\b|^o mesmo\b"
            r"|^(?:quem|que|onde) mais\b|^(?:diga|explique|conte)\w* mais\b|^mais detalhes\b"
        ),
        joins="e mas então também depois ou porque sim não",
        refers=any_of(
            r"(?:n|d)?el[ae]s?",
            r"(?:n|d)?(?:isso|isto)|aquilo",
            r"(?:n|d)?(?:est|ess)[ae]s?(?! (?:manhã|semana|ano|tarde|noite|mês|pasta))",
            r"(?:n|d)?aquel[ae]s?(?! que\b)",
            "lá|ali",
        ),
        owns=any_of("seu sua seus suas"),
        people=any_of("ele ela dele dela seu sua"),
        empty=any_of("o que|os que|as que", "isto é"),
        places="em no na nos nas de do da dos das a ao à aos às para por pelo pela com sem desde "
        "até sobre entre durante antes após segundo contra sob",
        the="o a os as",
        questions="que quê quem quando onde aonde como qual quais quanto quanta quantos quantas",
        function="um uma uns umas é são era eram foi foram será ser está estão tem têm há havia "
        "pode podem deve devem faz fazem eu me meu minha você vocês ele ela eles elas dele dela "
        "deles delas nós se seu sua seus suas isso isto este esta estes estas esse essa esses "
        "essas mais menos muito não outro outra outros outras mesmo mesma todo todos toda todas "
        "cada exemplo detalhes exatamente obrigado diga explique ainda também só aqui lá ali tempo",
        links=re.compile(r"[,;:]|\b(?:e|ou|se|quando|que|depois|antes|porque|enquanto)\b"),
    ),
}
