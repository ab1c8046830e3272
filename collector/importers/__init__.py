"""Other people's collections enter the ledger: manifests and maps as URLs, folders of pictures as pictures."""
