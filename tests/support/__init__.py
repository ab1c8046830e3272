"""What the tests share: doubles, sites, collections and fixtures."""
