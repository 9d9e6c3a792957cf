"""Networks, one family a file, and the registry that recognises a checkpoint from its keys."""
