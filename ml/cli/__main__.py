"""``python -m ml.cli``, for where the console script is not on the path."""

from ml.cli import main

main()
