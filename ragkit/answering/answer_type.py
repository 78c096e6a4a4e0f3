"""The type of answer that a question asks for, and whether a sentence has one (pure)."""

from __future__ import annotations

import re
from typing import Literal

AnswerType = Literal["number", "date", "person", "place", "yes-no", "reason", "frequency", "other"]


def answer_type(question: str) -> AnswerType:
    """The type of answer, by the question words of English, German, Chinese, French and Spanish;
    "other" where there are none of them."""
    text = " ".join(question.lower().split())
    for kind, pattern in _QUESTIONS.items():
        if pattern.search(text):
            return kind
    return "other"


def contains_answer_type(kind: AnswerType, question: str, sentence: str) -> bool:
    """Whether the sentence has something of that type which is not in the question itself. Always
    False for "other"."""
    pattern = _ANSWERS.get(kind)
    if pattern is None:
        return False
    question = question.lower()
    sentence = _ENUMERATION.sub("", sentence)
    return any(found[0].lower() not in question for found in pattern.finditer(sentence))


def _any_of(*words: str) -> str:
    return r"\b(?:" + "|".join(" ".join(words).split()) + r")\b"


_ENUMERATION = re.compile(r"^\s*\(?\d{1,3}[.)]\s|[§№#] ?\d+|\[\d+\]")

# In this order: "how many years" is a number, "what year" a date.
_QUESTIONS: dict[AnswerType, re.Pattern[str]] = {
    "frequency": re.compile(
        r"\bhow (?:often|frequently|many times)\b|\bwie (?:oft|häufig)\b|多久一次|多少次|几次"
        r"|\bcombien de fois\b|\bcuántas veces\b"
    ),
    "date": re.compile(
        r"\bwhen\b|\b(?:what|which) (?:\w+ ){0,2}?(?:year|date|day|month|century|decade|time|era"
        r"|period)s?\b|\bwann\b|\bwelche\w* (?:\w+ )?(?:jahr|datum|tag|monat|jahrhundert|zeit)"
        r"|什么时候|什么时间|何时|几时|哪一?[年天]|哪个(?:月|世纪)|几[月号]|\bquand\b|\bcuándo\b"
        r"|\ben qué año\b"
    ),
    "number": re.compile(
        r"\bhow (?:many|much|old|long|far|tall|high|large|big|wide|deep|fast|heavy)\b"
        r"|\bwhat (?:\w+ ){0,2}?(?:percentage|percent|number|amount|proportion|fraction|size"
        r"|price|cost|population|rate|score|age|height|length|distance|speed|temperature)\b"
        r"|\bwie ?viele?\w*\b|\bwelcher (?:anteil|prozentsatz)\b"
        r"|\bwie (?:lange?|hoch|alt|weit|groß|breit|tief|schnell|schwer|teuer)\b"
        r"|多少|几[个名次年天岁人位种]|多[大长高远久重深快]|\bcombien\b|\bcuánt[oa]s?\b"
    ),
    "person": re.compile(
        r"\bwho(?:m|se)?\b|\bwhat (?:\w+ ){0,2}?(?:person|president|king|queen|emperor)\b"
        r"|\bwe(?:r|m|n|ssen)\b|谁|哪一?位|何人|\bqui\b|\bquién(?:es)?\b"
    ),
    "place": re.compile(
        r"\bwhere\b|\b(?:what|which) (?:\w+ ){0,2}?(?:country|countries|city|cities|town|state"
        r"|place|location|region|continent|area|river|island|county|street)\b|\bwo(?:hin|her)?\b"
        r"|\bwelche\w* (?:\w+ )?(?:land|stadt|ort|region|staat)|哪里|哪儿|何处|在哪|什么地方"
        r"|哪个(?:国家|城市|地方|地区|州|省)|\boù\b|\bd[óo]nde\b"
    ),
    "reason": re.compile(
        r"\bwhy\b|\bwhat (?:is|was|are|were) the (?:reason|cause|purpose)|\bwhat caused?\b"
        r"|\bwarum\b|\bwieso\b|\bweshalb\b|为什么|为何|\bpourquoi\b|\bpor qué\b"
    ),
    "yes-no": re.compile(
        r"^(?:is|are|were|do|does|did|has|have|had|can|could|will|would|should|may|must|ist|sind"
        r"|war|waren|hat|haben|kann|können|darf|dürfen|muss|müssen|soll|wird|werden|gibt|est-ce"
        # "Was" begins a German question of another kind.
        r"|was(?! (?:ist|sind|war|waren|hat|haben|kann|wird|muss|soll|darf|für|heißt|kostet)\b))\b"
        r"|吗[？?]?$|是否|是不是|有没有|能不能"
    ),
}

_MONTHS = _any_of(
    "january february march april may june july august september october november december",
    "januar februar märz mai juni juli oktober dezember",
)
_DAYS = _any_of(
    "monday tuesday wednesday thursday friday saturday sunday today tomorrow yesterday",
    "montag dienstag mittwoch donnerstag freitag samstag sonntag heute morgen gestern",
)
_NUMBER_WORDS = _any_of(
    "two three four five six seven eight nine ten eleven twelve twenty thirty forty fifty sixty",
    "hundreds? thousands? millions? billions? trillions? dozens? half third quarter twice double",
    "zwei drei vier fünf sechs sieben acht neun zehn elf zwölf zwanzig dreißig hundert tausend",
    "millionen? milliarden?",
)
_CAPITALISED = r"[^\W\d_a-zß-öø-ÿ\u4e00-\u9fff]\w+"
_ANSWERS: dict[AnswerType, re.Pattern[str]] = {
    "number": re.compile(
        rf"\d+(?:[.,]\d+)*|{_NUMBER_WORDS}|[一二三四五六七八九十百千万亿两半]+"
        r"(?=[个名次年天岁人位种米倍成分])",
        re.IGNORECASE,
    ),
    "date": re.compile(
        rf"(?<!\d)\d{{1,4}}(?:st|nd|rd|th|s)?(?![\d.,]\d|%)|{_MONTHS}|{_DAYS}"
        r"|\bcentur(?:y|ies)\b|\bjahrhundert|[一二三四五六七八九十]+[年月日号]|世纪",
        re.IGNORECASE,
    ),
    "frequency": re.compile(
        _any_of(
            "every each daily weekly monthly quarterly yearly annually hourly nightly once twice",
            "times per always never jeden jede jedes täglich wöchentlich monatlich jährlich",
            "vierteljährlich einmal zweimal pro",
        )
        + r"|每|\d+ ?次|一次",
        re.IGNORECASE,
    ),
    # A capital inside a sentence; in Chinese only the middle dot of a foreign name shows.
    "person": re.compile(
        rf"(?<![.!?] )(?<!^)\b{_CAPITALISED}(?: (?:(?:de|von|van|der|al|bin|the|of) )?"
        rf"{_CAPITALISED})*+|[\u4e00-\u9fff]{{1,6}}·[\u4e00-\u9fff]+"
    ),
    "place": re.compile(
        r"\b(?:in|at|to|from|near|on|of|into|across|through|im|aus|nach|bei|auf|an)\s"
        rf"(?:(?:the|der|den|dem)\s)?{_CAPITALISED}|[在于到从][\u4e00-\u9fff]{{2}}"
        r"|[\u4e00-\u9fff][国省市州县区镇村]"
    ),
    "reason": re.compile(
        _any_of(
            "because since due therefore thus so as cause caused reason result resulted order weil",
            "da denn deshalb daher wegen aufgrund damit grund",
        )
        + "|因为|由于|因此|所以|导致|为了",
        re.IGNORECASE,
    ),
    "yes-no": re.compile(
        _any_of(
            "yes no not never cannot must may allowed permitted required forbidden only always",
            "ja nein nicht nie kein keine keinen muss darf dürfen erlaubt verboten nur immer",
        )
        + "|不|没有|是的|可以|必须|禁止",
        re.IGNORECASE,
    ),
}
