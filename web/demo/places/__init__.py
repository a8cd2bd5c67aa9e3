"""The five places of the story, in the order of the policy register."""

from web.demo.places.futian import FUTIAN
from web.demo.places.guangzhou import GUANGZHOU
from web.demo.places.puer import PUER
from web.demo.places.quzhou import QUZHOU
from web.demo.places.xinchang import XINCHANG

PLACES = (QUZHOU, FUTIAN, PUER, XINCHANG, GUANGZHOU)

__all__ = ["FUTIAN", "GUANGZHOU", "PLACES", "PUER", "QUZHOU", "XINCHANG"]
