"""How well an index finds things: questions, metrics, settings side by side, and their picture.

Questions come from files (`read_questions`), or a chat model writes them (`make_questions`).
"""

from __future__ import annotations

from ragkit.evaluation.measure import (
    Comparison,
    Measurement,
    compare_settings,
    find_winner,
    list_combinations,
    measure_settings,
)
from ragkit.evaluation.metrics import ndcg, recall, reciprocal_rank, span_recall
from ragkit.evaluation.qrels import (
    JudgedQuestion,
    QuestionSet,
    Settings,
    read_questions,
    take_questions,
)
from ragkit.evaluation.synthetic_questions import make_questions

__all__ = [
    "Comparison",
    "JudgedQuestion",
    "Measurement",
    "QuestionSet",
    "Settings",
    "compare_settings",
    "find_winner",
    "list_combinations",
    "make_questions",
    "measure_settings",
    "ndcg",
    "read_questions",
    "recall",
    "reciprocal_rank",
    "span_recall",
    "take_questions",
]
