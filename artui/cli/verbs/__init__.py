"""The verbs of the command line, one in each module: it parses arguments, calls the library and prints."""
