"""Values that every room shares. Standard library only; no clock, disk, randomness or network."""
