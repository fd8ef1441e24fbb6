"""Training: one loop on lightning-fabric, the same for every model. A side wing: tracing a picture never imports it.

Start reading at `loop.py` (setup → fit → evaluate); `config.py` says what can be chosen, `run.py` what lies on disk.
"""
