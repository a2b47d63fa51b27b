"""Records that no loop wrote: as many as a large house would have."""
