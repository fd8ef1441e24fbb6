"""Learned renderers: the network, what it sees, what it learns from, and how true it is. Begin with `network.py`."""
