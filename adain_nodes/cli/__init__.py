"""The command line `adain`: thin commands that unpack options, call the library and print."""
