"""The systems that AdaIN is compared with."""
