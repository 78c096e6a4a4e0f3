"""The small words of Chinese, Japanese and Korean by which a question leans on another."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Unspaced:
    """A language whose words are not told apart by blanks; what has a subject is counted in
    characters.

    `asks_on` always goes on from an earlier question, `joins` only where fewer than `few`
    characters have a subject of their own; `refers` stands for something said before, `pronouns`
    for something that may stand in the same question. `function` has no subject; `states` tells
    that a question is a whole sentence although it is short.
    """

    asks_on: re.Pattern[str]
    joins: re.Pattern[str]
    refers: re.Pattern[str]
    pronouns: re.Pattern[str]
    function: re.Pattern[str]
    states: re.Pattern[str]
    few: int


UNSPACED: dict[str, Unspaced] = {
    "zh": Unspaced(
        asks_on=re.compile(r"呢[？?。\s]*$|^(?:再|继续|详细|具体)(?:说|讲|解释)|^(?:还有)[谁什吗]"),
        joins=re.compile(r"^(?:那么?|还有|另外|同样|但是?|可是|而且?|所以|然后)"),
        refers=re.compile(
            r"[这那](?:个(?!词)|些|样|里|时|份|种|位|本|项|家|次|件|条|是|(?=[，,。？?]))"
            r"|(?<![如极尤与土])其(?![他它中实余次])|(?<!应)该(?=[^不怎如什])|此(?![外时刻])"
        ),
        pronouns=re.compile(r"它们?|(?<![其吉])[他她]们?"),
        function=re.compile(
            r"为什么|什么时候|什么|怎么样|怎么|怎样|如何|多少|多久|多长|几[个次天年月号]"
            r"|哪[里儿个些一年]|谁|何时|是否|有没有|能不能|可以|需要|应该|必须|(?<!申)请|告诉我|解释|举例"
            r"|例如|详细|具体|一下|那么|还有|另外|但是|可是|然后|而且|所以|因为|如果|以及"
            r"|[和或与呢吗吧啊的了是在有被把对从到给用会能要也都就又再更最很不没说讲做这那它他她其们]"
            r"|[个些年月日号]"
        ),
        states=re.compile("[是在叫]"),
        few=5,
    ),
    "ja": Unspaced(
        asks_on=re.compile(
            r"^.{1,12}(?:は|なら|だと)[？?]\s*$|はどう(?:です|でしょう)?か?[？?。]?\s*$"
            r"|^(?:もっと|さらに)?(?:詳しく|続けて)"
        ),
        joins=re.compile(r"^(?:では|じゃあ?|それでは|それで|そして|あと|他に|ほかに|もっと)"),
        refers=re.compile(
            r"それ|これ(?!まで|から)|あれ|その|この(?!年|度|フォルダ)|あの|そこ|そちら|そう(?:する|した)"
        ),
        pronouns=re.compile("彼女?ら?"),
        function=re.compile(
            r"なぜ|どうして|どのように|どのくらい|どれ(?:くらい|ほど)?|どこ|どう|どの|どちら|いつ|誰|だれ"
            r"|何[がをにでのかはも]?|いくつ|いくら|ですか|でしょうか|ますか|ました|ません|ます|です"
            r"|ください|教えて|説明して|もっと|詳しく|例えば|では|じゃあ?|そして|それ|これ|あれ|その|この"
            r"|あの|そこ|[のはがをにでともへやかねよ]|から|まで|する|した|して|ある|いる|[年月日]"
        ),
        states=re.compile("(?!)"),
        few=6,
    ),
    "ko": Unspaced(
        asks_on=re.compile(r"(?:은요|는요)\s*\??\s*$|[은는]\?\s*$|[은는] 어때|^더 (?:자세히|설명)"),
        joins=re.compile(r"^(?:그럼|그러면|그리고|그런데|또한?|더)(?=\s)"),
        refers=re.compile(
            r"그것|그건|그게|그걸|이것|이건|이게|(?<!\S)그(?:의|를)?(?=\s)|(?<!\S)이(?=\s)|거기|저것"
        ),
        pronouns=re.compile(r"그들|그녀|(?<!\S)그[는가](?=\s)"),
        function=re.compile(
            r"왜요?|언제|누가|누구(?:의|를)?|어디(?:에서?)?|무엇(?:을|이)?|뭐|어떻게|얼마나?|몇|어떤|어느"
            r"|그럼|그러면|그리고|그런데|인가요|나요|까요|습니까|입니까|입니다|합니다|주세요|설명해|예를"
            r"|들어|더|자세히|에서|으로|로|[은는이가을를의에도년월일]"
        ),
        states=re.compile("(?!)"),
        few=5,
    ),
}
