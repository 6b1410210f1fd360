"""A poetry server and client, in memory first and over TCP at the end."""
