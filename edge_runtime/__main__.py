"""``python -m edge_runtime`` is ``edge-cataract``."""

import sys

from .cli import main

if __name__ == "__main__":
    sys.exit(main())
