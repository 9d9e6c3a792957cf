"""`python -m adain_nodes`: the command line without its entry point on the PATH."""

from adain_nodes.cli.main import main

if __name__ == "__main__":
    main()
