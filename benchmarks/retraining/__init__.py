"""What `benchmarks/policies.py` is made of: streams, matrices of losses, protocol, policies compared, tables."""
