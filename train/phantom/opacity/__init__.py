"""The kinds of lens opacity, one file each, and the disease of a lens that combines them."""
