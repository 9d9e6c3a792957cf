"""Whole data sets stylised: what is made of which file, by how many workers, and a manifest of what became of each."""
