"""Parts of the benchmark of the gate."""
