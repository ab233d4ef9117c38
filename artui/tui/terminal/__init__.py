"""The terminal itself: what goes to it, its clipboard, files that are written from it."""
