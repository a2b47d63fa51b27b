"""What `benchmarks/policies.py` is made of: streams, matrices of losses, the protocol, the policies compared, tables."""
