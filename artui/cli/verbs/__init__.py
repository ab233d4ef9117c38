"""The verbs of the command line, one a file: each parses, calls, prints."""
