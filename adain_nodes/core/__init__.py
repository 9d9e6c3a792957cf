"""Pure tensor functions: statistics, AdaIN and its relatives, styles, regions, colour, sizes and losses."""
