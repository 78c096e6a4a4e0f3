"""How well an index finds things: questions, metrics, settings side by side, and their picture.

Questions come from files (`read_questions`) or a chat model writes them (`make_questions`).
"""

from __future__ import annotations

from ragkit.evaluate.compare import Comparison, compare_settings, find_winner, list_combinations
from ragkit.evaluate.judged import read_questions
from ragkit.evaluate.made import make_questions
from ragkit.evaluate.measure import Measurement, measure_settings
from ragkit.evaluate.metrics import ndcg, recall, reciprocal_rank, span_recall
from ragkit.evaluate.question import JudgedQuestion, QuestionSet, Settings, take_questions

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
