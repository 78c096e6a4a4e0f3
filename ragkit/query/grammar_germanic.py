"""The small words of English, German and Dutch by which a question leans on another."""

from __future__ import annotations

import re

from ragkit.query.grammar import Grammar, any_of, grammar

GERMANIC: dict[str, Grammar] = {
    "en": grammar(
        asks_on=re.compile(
            r"^(?:and |but |so |ok(?:ay)?,? )?(?:what|how) about\b|^(?:and )?what if\b"
            r"|^(?:the )?same (?:question )?(?:for|with|in)\b|^(?:and )?(?:what|who|where) else\b"
            r"|^(?:tell me|say|explain|show me)(?: me| it)?(?: a bit)? (?:more|further|again)\b"
            r"|^(?:more|any more) (?:details?|on|about)\b|^(?:go on|continue|elaborate)\b"
            r"|\b(?:instead|as well|too)[?.! ]*$"
        ),
        joins="and but so also then or because yes no ok okay",
        refers=any_of(
            "it(?!['’]s)",
            "they",
            "them",
            "he",
            "she",
            "him",
            "these",
            "those(?! (?:who|that|at|of|in|from|with|\\w+ing)\\b)",
            "this",
            "(?:is|was|does|did|do|about|of|like|for|after|before|with|to|than|by|in|mean|means|if)"
            " that(?= *[?.!]|$| (?:not|also|still|apply|mean|work|include|happen|done|so|true|one"
            "|possible|allowed|cost|take|for|in|on|at|with|by|to|from|change)\\b)",
            "that (?:one|case|person|rule|policy|document|file|section|time|year)",
            "the (?:same|former|latter|others?|first|second|third|last) ones?",
            "the (?:former|latter|others)(?= *[?.!,]|$)",
            "(?<!is )(?<!are )(?<!was )(?<!were )there(?= *[?.!]|$)",
            "thereof",
            "hers",
            "theirs",
            "another one",
            "both of",
        ),
        owns=any_of("its their his her"),
        people=any_of("he she him her his hers"),
        empty=any_of(
            r"(?:is|was|would) it (?:ever )?(?:possible|allowed|true|necessary|required|permitted"
            r"|legal|okay|ok|safe|better|worth|common|known|mandatory) (?:to|that|for|if)\b",
            r"(?:does|did|do|will|would) it (?:take|cost|need) (?:\w+ ){0,3}?to\b",
            r"(?:how|what) (?:\w+ )?(?:long|much|many \w+|time|day) "
            r"(?:does|did|is|will|would) it (?:take|cost|\w+)? ?(?:for|to)\b",
            r"what (?:does it mean|is it called) (?:to|for|when|if)\b",
            r"(?:does|did|will) it (?:get|rain|snow|feel)\b",
            "what time is it",
            "it (?:is|was) (?:that|to)",
            "this (?:year|month|week|morning|evening|afternoon|quarter|summer|winter|season"
            "|folder|collection|index)",
            "these (?:days|files|documents)",
            "i'm|i am",
        ),
        places="in on at for with without from by about during before after under over since "
        "until between within of to into through via per near among against",
        the="the",
        questions="what which who whom whose when where why how many much often long far",
        function="a an as is are was were be been being am do does did done has have had having "
        "will would can could shall should may might must if than that this these those there "
        "here it its he she they them his her hers their theirs him we us our you your i me my "
        "not such many much often long far s t re ve ll d more most less least any some all else "
        "again ever just only even too still very please tell say show explain give mean means "
        "exactly so really detail details further example examples instead same other others "
        "another one ones each both every sure thanks thank you now long soon early late "
        "happen happens happened go goes going get gets got",
        links=re.compile(
            r"[,;:]|\b(?:and|or|if|when|that|after|before|because|while|so|as|once)\b"
        ),
    ),
    "de": grammar(
        asks_on=re.compile(
            r"^(?:und |aber )?was ist (?:denn )?mit\b|^(?:und )?wie (?:ist|sieht|steht) es\b"
            r"|^(?:und )?(?:was|wer|wo) (?:sonst|noch)\b|^(?:und )?was wenn\b|^gilt das\b"
            r"|^(?:sag|erzähl|erklär)\w* (?:mir |es |das )?(?:\w+ )?(?:mehr|genauer|näher)\b"
            r"|^(?:mehr|weitere) (?:details|dazu|darüber)\b|^weiter\b|\bstattdessen[?.! ]*$"
        ),
        joins="und aber also dann auch oder sonst außerdem denn ja nein",
        refers=any_of(
            "er",
            "sie",
            "ihn",
            "ihm",
            "ihnen",
            "es",
            "dies",
            r"diese[rnms]?(?! (?:jahr|woche|monat|tage|quartal|sommer|winter)\w*)",
            "jene[rnms]?",
            r"das(?= *[?.!]|$| (?:auch|so|noch|dann|genau|möglich|erlaubt|für|in|im|bei|mit|von|an"
            r"|am|nicht|jetzt|alles|passiert|gemacht|geregelt|und|oder)\b)",
            "davon|dafür|dabei|dazu|darüber|daran|darin|darauf|danach|dagegen|daraus|dadurch",
            "(?<!, )damit",
            "dort",
            "derselbe[nr]?|dieselbe[nr]?|dasselbe|demselben",
            "letztere[rsnm]?|erstere[rsnm]?",
        ),
        owns=any_of("seine seinen seinem seiner seines ihre ihren ihrem ihrer ihres"),
        people=any_of("er sie ihn ihm ihr ihre ihren ihrem ihrer seine seinen seinem seiner"),
        empty=any_of(
            "(?:gibt|gab|gäbe|geht|ging|handelt|kommt|kam|braucht|bedarf) es",
            "es (?:gibt|gab|geht|handelt|kommt|braucht)",
            "(?:ist|war|wäre|wird) es (?:\\w+ )?(?:möglich|erlaubt|wahr|nötig|notwendig|verboten"
            "|zulässig|üblich|pflicht|sinnvoll)(?:,| zu\\b)",
            "(?:dauert|kostet|dauerte) es,? (?:\\w+ ){0,3}?(?:bis|zu)\\b",
            "es, ",
            "(?:bedeutet|heißt|herrscht) es",
            r"es herrscht",
            r"da(?:r?auf|r?an|von|für|bei|zu|rüber|rin|mit|gegen|durch)(?: \w+)?, ",
            "wie spät ist es",
        ),
        places="in im ins an am auf aus bei beim mit ohne nach seit von vom zu zum zur für über "
        "unter vor während zwischen ab bis gegen pro durch um laut wegen",
        the="der die das den dem des",
        questions="was wer wen wem wessen wann wo wohin woher warum wieso weshalb wie welche "
        "welcher welches welchen welchem wieviel wieviele womit wofür wodurch woran worauf viele "
        "viel oft lange",
        function="ein eine einer eines einem einen ist sind war waren sein bin bist wird werden "
        "wurde wurden worden hat haben hatte hatten kann können konnte könnte muss müssen musste "
        "soll sollen sollte darf dürfen will wollen möchte gibt gab es er sie ihr ihn ihm ihnen "
        "ihre ihren ihrem ihrer ihres seine seinen seinem seiner seines ich mich mir mein meine "
        "wir uns unser unsere du dich dir man sich nicht kein keine keinen als dass ob wenn falls "
        "da dort hier nur noch schon sehr mehr viel viele vielen oft lange genau bitte sag sagen "
        "erklär erkläre erzähl gilt gelten so dies diese dieser dieses diesen diesem jene jener "
        "davon dafür dabei dazu darüber daran darin darauf danach dagegen daraus dadurch damit "
        "andere anderen anderes anderer alle alles jede jeder jedes etwas beispiel details genauer "
        "näher nochmal heißt bedeutet danke passiert passierte geht",
        links=re.compile(
            r"[,;:]|\b(?:und|oder|wenn|falls|dass|weil|nachdem|bevor|während|ob|sobald|als)\b"
        ),
    ),
    "nl": grammar(
        asks_on=re.compile(
            r"^(?:en |maar )?hoe zit (?:het|dat) (?:met|bij|in)\b|^(?:en )?wat (?:met|als)\b"
            r"|^hetzelfde\b|^(?:wat|wie|waar) nog meer\b|^(?:vertel|leg)\b.{0,12}\b(?:meer|uit)\b"
            r"|^meer details\b|^ga verder\b"
        ),
        joins="en maar dus dan ook of want ja nee verder",
        refers=any_of(
            "hij|zij|ze|hem|hen|het(?= *[?.!]|$)",
            "dit(?! (?:jaar|kwartaal)\\b)|deze(?! (?:week|maand|map)\\b)",
            "(?:is|doet|geldt|kan|mag|moet|betekent|hoe|waarom|werkt|wordt) (?:dat|het)"
            "(?= *[?.!]|$| (?:ook|niet|nog|voor|in|bij|gedaan|gebeurd|zo)\\b)",
            "daar(?:mee|van|voor|na|op|bij|over|in|aan|door|naar)?",
            "er(?:van|voor|mee|na|op|bij|over|in|aan|door)",
            "degene|dezelfde|laatstgenoemde",
        ),
        owns=any_of("haar hun diens"),
        people=any_of("hij zij ze hem haar"),
        empty=any_of("is het (?:mogelijk|toegestaan|waar|nodig|verplicht)", "hoe laat is het"),
        places="in op aan bij met zonder na sinds van voor over onder tijdens tussen vanaf tot "
        "tegen per door naar uit om volgens",
        the="de het",
        questions="wat wie wiens wanneer waar waarheen waarom hoe welke welk hoeveel waarmee "
        "waarvoor hoelang hoevaak",
        function="een is zijn was waren wordt worden werd werden ben bent heeft hebben had hadden "
        "kan kunnen kon moet moeten mag mogen wil zal zullen doet doen er hij zij ze hem hen haar "
        "hun ik me mij mijn wij we ons onze jij je jou u uw dit dat deze die daar hier niet geen "
        "als zo meer veel vaak lang ander andere alle alles elke elk iets voorbeeld details "
        "precies graag dank bedankt nog al alleen zelfde hetzelfde dezelfde te men gaat zit",
        links=re.compile(r"[,;:]|\b(?:en|of|als|dat|wanneer|nadat|voordat|omdat|terwijl)\b"),
    ),
}
