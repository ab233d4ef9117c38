"""`python -m artui` is `artui`."""

from artui.cli import main

if __name__ == "__main__":
    main()
