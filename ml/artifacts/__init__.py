"""Write-once bytes by SHA-256: blobs, frames (Parquet) and models (skops: audited, then loaded)."""
