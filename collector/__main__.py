"""`python -m collector`: hands over to the command line and nothing else."""

from collector.cli import main

if __name__ == "__main__":
    main()
