"""The only network: the picture engine, the page client, address safety, limits, robots."""
