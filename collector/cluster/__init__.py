"""The same fetch beyond one machine: partitions of hosts, each one piece in an object store."""
