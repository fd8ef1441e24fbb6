"""`python -m strokewright`: the same as the command."""

from strokewright.cli import main

if __name__ == "__main__":
    main()
