"""Files and their bytes: for recording, importing and reading them."""
