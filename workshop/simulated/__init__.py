"""A reactor whose network is in memory, whose time is virtual, and whose weather is decided by a seed. See README.md."""
