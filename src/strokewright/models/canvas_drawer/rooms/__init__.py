"""Floor plans: what is drawn of them, and the networks that propose, choose and name rooms. Begin with `drawer.py`."""
