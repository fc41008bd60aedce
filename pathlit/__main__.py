"""`python -m pathlit`."""

from pathlit.cli import main

main()
