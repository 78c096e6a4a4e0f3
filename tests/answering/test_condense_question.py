"""Promises of telling follow-ups, and of putting them in words that need no history."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ragkit.answering.condense_question import (
    content_words,
    is_follow_up,
    merge_with_previous,
    parse_rewrite,
    rewriting_prompt,
)

# Language -> questions that nobody understands who has not heard what was said before.
LEANING = {
    "en": (
        "And in 2023?",
        "Why?",
        "Who approves it?",
        "What about interns?",
        "How about part-time staff?",
        "How many days?",
        "And for the Munich office?",
        "When was he born?",
        "What is her phone number?",
        "Is that allowed?",
        "For interns?",
        "Tell me more",
        "Can you explain that in more detail?",
        "What else?",
        "And who pays?",
        "Which forms?",
        "Does this apply to contractors?",
        "How long does it take?",
        "What is the deadline?",
        "Are there exceptions?",
        "How so?",
        "Since when?",
        "What are its limits?",
        "In 2023?",
        "what if they refuse",
        "Who does that?",
        "And then?",
        "Is it the same in Berlin?",
        "Where can I find them?",
        "Give me an example",
        "Interns?",
        "What did she say about the budget?",
        "How often?",
        "By whom?",
        "Can it be restored?",
        "Is it mandatory?",
        "more details please",
        "the same for 2024",
        "So what should I do?",
    ),
    "de": (
        "Und 2023?",
        "Warum?",
        "Wer genehmigt das?",
        "Was ist mit Praktikanten?",
        "Wie lange dauert das?",
        "Und für Teilzeitkräfte?",
        "Wann wurde er geboren?",
        "Gilt das auch für Praktikanten?",
        "Wie viele Tage?",
        "Wer macht das?",
        "Was kostet sie?",
        "Seit wann?",
        "Und wie oft?",
        "Wo finde ich diese Formulare?",
        "Ist das erlaubt?",
        "Welche Formulare?",
        "Erklär mir das genauer",
        "Was sind seine Aufgaben?",
        "Für Praktikanten?",
        "Und wer bezahlt?",
        "Wie hoch ist sie?",
        "Was ist die Frist?",
        "Wofür brauche ich das?",
        "Noch etwas?",
        "Muss ich dafür etwas unterschreiben?",
        "Was wenn nicht?",
        "Gibt es Ausnahmen davon?",
    ),
    "fr": (
        "Pourquoi ?",
        "Et pour les stagiaires ?",
        "Combien de jours ?",
        "Qu'en est-il des stagiaires ?",
        "Est-ce que cela est permis ?",
        "Combien ça coûte ?",
        "Depuis quand ?",
        "Où se trouve-t-elle ?",
        "Quels sont ses avantages ?",
        "Qui d'autre ?",
        "Pour les stagiaires ?",
        "Et ensuite ?",
        "Quelles sont ces règles ?",
    ),
    "es": (
        "¿Y en 2023?",
        "¿Por qué?",
        "¿Quién lo aprueba?",
        "¿Qué pasa con los becarios?",
        "¿Cuándo nació él?",
        "¿Cuántos días?",
        "¿Y para los becarios?",
        "¿Está permitido eso?",
        "¿Cuánto cuesta esto?",
        "¿Desde cuándo?",
        "¿Cuáles son sus ventajas?",
        "¿Quién más?",
        "¿Cómo funciona esa regla?",
        "¿Y después?",
        "¿Dónde están ellos?",
    ),
    "it": (
        "E nel 2023?",
        "Perché?",
        "E per gli stagisti?",
        "Quanti giorni?",
        "Questo vale anche per gli stagisti?",
        "Quali sono i suoi vantaggi?",
        "Da quando?",
        "Chi altro?",
    ),
    "pt": (
        "E em 2023?",
        "Por quê?",
        "E para os estagiários?",
        "Quantos dias?",
        "Isso é permitido?",
        "Quando ele nasceu?",
        "Desde quando?",
    ),
    "nl": (
        "En in 2023?",
        "Waarom?",
        "Hoe zit het met stagiairs?",
        "En voor stagiairs?",
        "Hoeveel dagen?",
        "Geldt dat ook voor stagiairs?",
        "Wie doet dat?",
        "Wanneer is hij geboren?",
        "Sinds wanneer?",
    ),
    "zh": (
        "那2023年呢？",
        "为什么？",
        "它是什么时候建的？",
        "谁批准？",
        "实习生呢？",
        "多少天？",
        "这个规定适用于实习生吗？",
        "他是谁？",
        "还有呢？",
        "怎么申请？",
        "那么谁负责？",
        "这是为什么？",
        "详细说说",
    ),
    "ja": (
        "2023年は？",
        "なぜ？",
        "それはいつですか？",
        "インターンはどうですか？",
        "誰が？",
        "その理由は何ですか？",
        "では、2023年は？",
        "もっと詳しく教えて",
        "何日？",
        "彼はいつ生まれましたか？",
    ),
    "ko": (
        "그럼 2023년은?",
        "왜?",
        "그것은 언제인가요?",
        "인턴은요?",
        "누가?",
        "그는 언제 태어났나요?",
        "더 자세히 설명해 주세요",
        "그리고 누가 승인하나요?",
    ),
    "ru": (
        "А в 2023 году?",
        "Почему?",
        "Кто его утверждает?",
        "А для стажёров?",
        "Сколько дней?",
        "Когда он родился?",
        "Это разрешено?",
        "Что насчёт стажёров?",
        "А кто платит?",
        "С каких пор?",
    ),
    "ar": (
        "وفي 2023؟",
        "لماذا؟",
        "ماذا عن المتدربين؟",
        "هل هذا مسموح؟",
        "كم يوما؟",
        "ومن يوافق عليه؟",
    ),
    "pl": ("Dlaczego?",),
}
# Language -> questions that say themselves what they are about.
STANDING_ALONE = {
    "en": (
        "How often are backups tested?",
        "Who is Lincoln?",
        "What is RAG?",
        "Who approves a leave of absence?",
        "What is the notice period for employees?",
        "When a file is deleted, can it be restored?",
        "notice period",
        "backups",
        "vacation policy interns",
        "How many servers are there in Berlin?",
        "Where does Tesla keep its data?",
        "What does kubectl do?",
        "ERR-4012",
        "what happened at the board meeting in March",
        "How do I request leave and how do I cancel it?",
        "Explain the backup policy",
        "When was the east dome drive replaced?",
        "Which projects use Rust?",
        "What is photosynthesis?",
        "List all suppliers",
        "Who leads the project this year?",
        "In what year did Tesla die?",
        "In which year was the observatory built?",
        "For how long are invoices kept?",
        "Who wrote the letter to the mayor?",
        "Are dogs allowed in the office?",
        "how to reset password",
        "When does the museum open on Sundays?",
    ),
    "de": (
        "Wie oft werden Sicherungen getestet?",
        "Wer ist Lincoln?",
        "Was ist Photosynthese?",
        "Wer genehmigt Sonderurlaub?",
        "Ist es möglich, von zu Hause zu arbeiten?",
        "Gibt es Ausnahmen von der Kündigungsfrist?",
        "Kündigungsfrist",
        "Wenn eine Datei gelöscht wird, kann sie wiederhergestellt werden?",
        "Wie hoch ist die Miete für die Werkstatt?",
        "Was kostet der Eintritt am Sonntag?",
        "In welchem Jahr starb Tesla?",
        "Seit wann gilt die neue Hausordnung?",
        "Wie lange dauert es, bis ein Server wiederhergestellt ist?",
        "Welche Projekte nutzen Rust?",
        "Was muss ich tun, wenn der Aufzug steckenbleibt?",
    ),
    "fr": (
        "À quelle fréquence les sauvegardes sont-elles testées ?",
        "Qui est Lincoln ?",
        "Quand le musée a-t-il ouvert ?",
        "Y a-t-il des exceptions au préavis ?",
        "En quelle année Tesla est-il mort ?",
        "Est-il possible de travailler à domicile ?",
        "Comment demander un congé ?",
        "Qu'est-ce que la photosynthèse ?",
        "Combien coûte l'entrée du musée ?",
        "Que faut-il faire en cas d'incendie ?",
    ),
    "es": (
        "¿Con qué frecuencia se prueban las copias de seguridad?",
        "¿Quién es Lincoln?",
        "¿En qué año murió Tesla?",
        "¿Qué es la fotosíntesis?",
        "¿Cómo se pide un permiso?",
        "¿Cuánto cuesta la entrada del museo?",
        "¿Hay excepciones al preaviso de despido?",
        "¿Es posible trabajar desde casa?",
    ),
    "it": (
        "Con quale frequenza vengono testati i backup?",
        "Chi è Lincoln?",
        "In che anno è morto Tesla?",
        "Quanto costa l'ingresso al museo?",
        "Che cos'è la fotosintesi?",
    ),
    "pt": (
        "Com que frequência os backups são testados?",
        "Quem é Lincoln?",
        "Em que ano morreu Tesla?",
        "Quanto custa a entrada do museu?",
    ),
    "nl": (
        "Hoe vaak worden back-ups getest?",
        "Wie is Lincoln?",
        "In welk jaar stierf Tesla?",
        "Wat kost de toegang tot het museum?",
    ),
    "zh": (
        "备份多久测试一次？",
        "北京在哪里？",
        "什么是光合作用？",
        "谁批准休假申请？",
        "特斯拉于哪一年去世？",
        "实习生的假期有多少天？",
        "如何重置密码？",
        "如果文件被删除，它能恢复吗？",
        "还有哪些项目使用Rust语言？",
    ),
    "ja": (
        "バックアップはどのくらいの頻度でテストされますか？",
        "リンカーンは誰ですか？",
        "東京はどこですか？",
        "休暇は誰が承認しますか？",
        "テスラは何年に亡くなりましたか？",
    ),
    "ko": (
        "백업은 얼마나 자주 테스트되나요?",
        "링컨은 누구인가요?",
        "휴가는 누가 승인하나요?",
        "테슬라는 몇 년에 사망했나요?",
    ),
    "ru": (
        "Как часто проверяются резервные копии?",
        "Кто такой Линкольн?",
        "В каком году умер Тесла?",
        "Что такое фотосинтез?",
        "Кто утверждает отпуск?",
        "Сколько стоит вход в музей?",
    ),
    "ar": (
        "كم مرة يتم اختبار النسخ الاحتياطية؟",
        "من هو لينكولن؟",
        "ما هي عاصمة فرنسا؟",
        "في أي عام توفي تسلا؟",
    ),
    "pl": ("Jak często testowane są kopie zapasowe?",),
}


def cases(table: dict[str, tuple[str, ...]]) -> list[object]:
    return [
        pytest.param(question, id=f"{code}: {question}")
        for code, questions in table.items()
        for question in questions
    ]


@pytest.mark.parametrize("question", cases(LEANING))
def test_it_leans_on_what_was_said(question: str) -> None:
    assert is_follow_up(question)


@pytest.mark.parametrize("question", cases(STANDING_ALONE))
def test_it_stands_alone(question: str) -> None:
    assert not is_follow_up(question)


@pytest.mark.parametrize("question", ["", "  ", "?", "___", "!!!"])
def test_what_asks_nothing_leans_on_nothing(question: str) -> None:
    assert not is_follow_up(question)


def test_a_short_question_is_read_in_the_language_of_the_one_before() -> None:
    assert is_follow_up("Et en 2023 ?", "Combien de visiteurs sont venus en 2022 ?")
    assert is_follow_up("2023?", "备份多久测试一次？")


@pytest.mark.parametrize(
    "question",
    [
        pytest.param("When a file is deleted, can it be restored?", id="named before"),
        pytest.param("Did the director of the museum sign its lease?", id="named before, owner"),
        pytest.param("notice period", id="keywords"),
    ],
)
def test_a_pronoun_or_a_short_question_alone_is_no_follow_up(question: str) -> None:
    assert not is_follow_up(question)


@given(st.text(max_size=80), st.text(max_size=40))
def test_any_text_is_judged(question: str, previous: str) -> None:
    assert is_follow_up(question, previous) in (True, False)


@given(st.sampled_from(cases(LEANING) + cases(STANDING_ALONE)), st.sampled_from(["", "  ", "\n"]))
def test_blanks_around_a_question_change_nothing(case: object, blanks: str) -> None:
    question = str(case.values[0])  # type: ignore[attr-defined]
    assert is_follow_up(blanks + question + blanks) == is_follow_up(question)


# ---------------------------------------------------------------- words of its own

SAID = ["How often are backups tested?", "Every quarter, says the runbook of the duty engineer."]


@pytest.mark.parametrize(
    ("question", "previous", "merged"),
    [
        pytest.param(
            "And in 2023?",
            "How many visitors came in 2022 to the museum?",
            "And in 2023? (visitors came 2022 museum)",
            id="a piece",
        ),
        pytest.param(
            "Why?", "How often are backups tested?", "Why? (backups tested)", id="no subject"
        ),
        pytest.param(
            "Who approves it?",
            "How do I request leave?",
            "Who approves it? (request leave)",
            id="a question of its own with a pronoun",
        ),
        pytest.param(
            "And with ERR-4012?",
            "What does ERR-4011 do?",
            "And with ERR-4012? (ERR-4011)",
            id="an identifier",
        ),
        pytest.param(
            "Für Praktikanten?",
            "Wie lang ist die Frist für Angestellte?",
            "Für Praktikanten? (lang Frist Angestellte)",
            id="de",
        ),
        pytest.param("谁批准？", "休假申请怎么提交？", "谁批准？ (休假申请 提交)", id="zh"),
        pytest.param(
            "Neden?",
            "Jak kopie zapasowe?",
            "Neden? (Jak kopie zapasowe)",
            id="a language that is not known",
        ),
    ],
)
def test_a_follow_up_is_followed_by_the_words_of_the_question_before(
    question: str, previous: str, merged: str
) -> None:
    assert merge_with_previous(question, previous) == merged


def test_people_in_the_answer_come_along() -> None:
    merged = merge_with_previous(
        "What is her phone number?", "Who leads the project?", "Ada Lovelace leads it [1]."
    )
    assert merged == "What is her phone number? (leads project Ada Lovelace)"


def test_many_names_are_no_antecedent() -> None:
    answer = "Ada Lovelace, Alan Turing and Kurt Cobain lead it."
    assert "Turing" not in merge_with_previous(
        "What is her number?", "Who leads the project?", answer
    )


def test_words_that_the_follow_up_has_itself_are_not_repeated() -> None:
    merged = merge_with_previous("Why are they tested?", "How often are backups tested?")
    assert merged == "Why are they tested? (backups)"


def test_a_chain_of_follow_ups_does_not_grow_without_end() -> None:
    question = "What is the notice period?"
    for number in range(60):
        question = merge_with_previous(f"What about interns of kind-{number}?", question)
    assert len(question) < 600


def test_content_words_are_as_written_each_once_and_few() -> None:
    assert content_words("Is ERR-4012 of the backup a backup error?") == [
        "ERR-4012",
        "backup",
        "error",
    ]
    assert len(content_words(" ".join(f"word{n}" for n in range(50)))) == 12


@given(st.text(max_size=60), st.text(max_size=60), st.text(max_size=60))
def test_any_texts_can_be_merged(question: str, previous: str, answer: str) -> None:
    merged = merge_with_previous(question, previous, answer)
    assert len(merged) <= len(question) + len(previous) + len(answer) + 20


def test_the_prompt_holds_the_question_on_one_line() -> None:
    assert rewriting_prompt("Why \n is\tthat?").endswith("\nQuestion: Why is that?")


@pytest.mark.parametrize(
    "reply",
    [
        pytest.param("Why are backups tested every quarter?", id="plain"),
        pytest.param('  "Why are backups tested every quarter?"\n', id="in quotation marks"),
        pytest.param("Standalone question: Why are backups tested every quarter?", id="a label"),
        pytest.param("Frage: Why are backups tested every quarter?", id="a label in German"),
        pytest.param("Why are backups tested every quarter? [1]", id="a mark"),
        pytest.param("**Why are backups tested every quarter?**", id="in bold"),
    ],
)
def test_a_rewritten_question_is_taken_bare(reply: str) -> None:
    assert parse_rewrite(reply, "Why?", SAID) == "Why are backups tested every quarter?"


@pytest.mark.parametrize(
    "reply",
    [
        pytest.param("", id="empty"),
        pytest.param(" \n ", id="blank"),
        pytest.param("?", id="no word"),
        pytest.param("Why?\nBecause backups fail.", id="several lines"),
        pytest.param("Why are backups tested " + "again " * 60 + "?", id="too long"),
        pytest.param("Backups are tested every quarter.", id="an answer"),
        pytest.param("Why do penguins huddle in winter storms?", id="words that nobody said"),
    ],
)
def test_rubbish_is_refused(reply: str) -> None:
    assert parse_rewrite(reply, "Why?", SAID) == ""


def test_a_rewriting_in_chinese_is_taken() -> None:
    said = ["备份多久测试一次？", "每季度一次。"]
    assert parse_rewrite("备份为什么每季度测试？", "为什么？", said) == "备份为什么每季度测试？"
