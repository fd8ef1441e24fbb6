"""Drawings become pixels: the true renderer (`skia`) and the differentiable ones.

A renderer is one file and one line in `RENDERERS`; the value is "module:function", so nothing heavy is imported here.
"""

RENDERERS: dict[str, str] = {
    "skia": "strokewright.render.skia:render",
    "curve": "strokewright.render.curve:render",
}
