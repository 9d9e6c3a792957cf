"""The repository's folder as a Python package: the place from which a graph editor will load the nodes.

It registers none yet. Nothing may be imported here relatively without ``if __package__:`` before it, because pytest
imports this file too, as a module without a package.
"""
