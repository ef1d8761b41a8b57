"""``python -m dipbench`` is the command ``dipbench``."""

import sys

from dipbench.cli import main

sys.exit(main())
