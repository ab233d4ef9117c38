"""Reading what can be read of a file that SQLite refuses: page by page, without SQLite."""
