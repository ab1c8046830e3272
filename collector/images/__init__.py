"""The only Pillow: what bytes are, decoding, metadata, hashes, pixels, videos."""
