"""A toy HTTP server: messages first, then connections, then everything that can go wrong."""
