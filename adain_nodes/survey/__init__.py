"""A blind survey: people rate pictures, or choose between two, without knowing which method made them."""
