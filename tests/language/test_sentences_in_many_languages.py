"""Sentences of many languages, each written apart by "|": cut there and nowhere else."""

from __future__ import annotations

import pytest

from ragkit.language.sentences import split_sentences

GOLDEN = {
    "en": (
        "Dr. May met Mrs. Li at 5 p.m. yesterday.|They left at 6.",
        "The firm, Acme Inc., was sold in Jan. 2020.|It had 3.5 million customers.",
        "He lived in the U.S. for years.|Then he moved to the U.K. with J. R. Stone.",
        "Is it true?|Yes!|No… perhaps.",
        "It grew until 1999.|2004 was the year it fell.",
        "See Fig. 3 and Sec. 2.1 for details.|The rest is in vol. 7.",
        "He asked: “Is it over?”|Nobody answered.",
        "The file notes.v2.txt is at www.example.com today.|Open it.",
    ),
    "de": (
        "Am 3. Oktober war es z. B. kalt.|Danach nicht.",
        "Im 18. und 19. Jahrhundert wuchs die Stadt.|Heute nicht mehr.",
        "Dr. Weber wohnt in der Hauptstr. 5 in Bonn.|Prof. Klein auch.",
        "Der Preis stieg um ca. 3 % bzw. 4 €.|Das war viel.",
        "Wer war das?|Ich nicht!",
        "Er begann den Angriff.|1187 endete der Krieg.",
    ),
    "fr": (
        "M. Dupont arrive à 8 h. du matin avec Mme. Leroy.|Il repart demain.",
        "Où est-il ?|Il est parti !|C'est dommage.",
        "La tour mesure 3,5 km.|Elle date de 1889.",
    ),
    "es": (
        "El Sr. García vive en la Av. Central.|Su hija vive en Madrid.",
        "¿Dónde está?|¡Aquí!|No lo sé.",
        "El Dr. Ruiz llegó a las 5 p.m. de ayer.|Nadie lo vio.",
    ),
    "it": (
        "Il sig. Rossi vive a Roma.|La dott.ssa Bianchi no.",
        "Che cos'è?|È un libro!|Grazie.",
    ),
    "pt": (
        "O Sr. Silva mora em Lisboa.|A Dra. Souza mora no Porto.",
        "Onde está?|Aqui!|Não sei.",
    ),
    "nl": (
        "Dhr. Jansen woont in Utrecht.|Mevr. de Vries ook.",
        "Het kost bijv. 3,50 euro.|Dat is duur.",
    ),
    "ru": (
        "Он родился в 1950 г. в Москве.|Потом он уехал.",
        "Что это?|Это книга!|Спасибо.",
        "А. С. Пушкин писал стихи.|Их читают и сегодня.",
    ),
    "ar": ("هل هذا صحيح؟|نعم.|لا أعرف.", "ذهب إلى المدرسة.|ثم عاد إلى البيت!"),
    "zh": (
        "今天下雨。|“真的吗？”|他问。|是的！",
        "他于1955年去世。|1960年建馆。",
        "价格是3.5元。|不贵！",
    ),
    "ja": ("今日は雨です。|本当ですか？|はい！", "「行こう。」|彼は言った。"),
    "ko": ("오늘은 비가 옵니다.|정말입니까?|네!", "가격은 3.5달러입니다.|비싸지 않습니다."),
    "hi": ("यह है।|वह था।",),
    "pl": ("Pan dr Nowak mieszka w Krakowie.|Pani Kowalska też.", "Co to jest?|To książka!"),
    "sv": ("Han bor i Lund, bl.a. med sin bror.|Hon bor inte där.",),
    "el": ("Πού είναι;|Εδώ είναι.|Δεν ξέρω.",),
    "hy": ("Սա տուն է։|Այն մեծ է։",),
    "my": ("ဒါက အိမ်ပါ။|ကြီးတယ်။",),
    "tr": ("Dr. Yılmaz 5 Mart'ta geldi.|Sonra gitti.",),
}


@pytest.mark.parametrize(
    "text", [pytest.param(t, id=f"{code}: {t[:30]}") for code, ts in GOLDEN.items() for t in ts]
)
def test_sentences_end_where_their_language_ends_them(text: str) -> None:
    expected = text.split("|")
    blank = "" if expected[0][-1] in "。！？」" else " "
    whole = blank.join(expected)
    found = [whole[span.start : span.end] for span in split_sentences(whole)]
    assert found == expected
