"""An index drawn in two dimensions, as one page that needs nothing else."""

from __future__ import annotations

from ragkit.map.draw import Map, draw_map
from ragkit.map.page import map_page

__all__ = ["Map", "draw_map", "map_page"]
