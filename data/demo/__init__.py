"""The demo shop: a seeded simulator whose causes of abandonment, probabilities and nudge response are known.

`catalogue`, `visitors`, `browsing` make what happens before a cart; `deciding` what happens after, by the intent that
`truth` decides; `shop` puts them together and `writing` makes files.
"""

from data.demo.shop import Shop, simulate
from data.demo.writing import DEMO_SOURCE, write_demo

__all__ = ["DEMO_SOURCE", "Shop", "simulate", "write_demo"]
