"""Training decoders (and small models whole) with the paper's objective."""
