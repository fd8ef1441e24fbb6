"""Floor plan → rooms: page.py fits the picture, find.py finds and chooses, finder.py is `load("rooms/floorplans")`."""

from strokewright.pipelines.rooms.find import RoomModels, find_rooms
from strokewright.pipelines.rooms.finder import RoomFinder
from strokewright.pipelines.rooms.options import RoomOptions

__all__ = ["RoomFinder", "RoomModels", "RoomOptions", "find_rooms"]
