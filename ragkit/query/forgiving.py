"""Vectors for checks that do not depend on them: as many as can be had."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ragkit.errors import EmbeddingError, ModelError
from ragkit.types import Embedder

if TYPE_CHECKING:
    from ragkit.types import Vectors

logger = logging.getLogger(__name__)


class ForgivingEmbedding:
    """Texts -> (n, d) float32. A text that cannot be embedded gets zeros, which are like nothing.

    Once the model itself has failed it is not asked again: the answer that is being checked is
    there already, and each further try may take as long as the server's time-out.
    """

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        self._failed = False

    def __call__(self, texts: Sequence[str]) -> Vectors:
        import numpy as np

        if not self._failed:
            try:
                return self._embedder.embed_passages(texts)
            except EmbeddingError as error:
                return error.vectors
            except ModelError as error:
                logger.info("likeness is not checked: %s", error)
                self._failed = True
        return np.zeros((len(texts), self._embedder.identity.dimension), dtype=np.float32)
