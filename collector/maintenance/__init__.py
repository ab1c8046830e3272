"""What crashes, power cuts, full disks and users did to folder and ledger: found, told, mended. Never asks the web."""
