"""Stage two: a URL becomes a verified picture in a part file, or a reason why not. Never touches the ledger."""
