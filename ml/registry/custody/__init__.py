"""The chain of custody: events written with their records, and the audit that goes through them."""
