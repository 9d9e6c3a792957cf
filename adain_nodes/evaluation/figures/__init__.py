"""The figures and the table of the paper (Huang & Belongie 2017), with the models that are available here."""
