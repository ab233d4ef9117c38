"""Files and their bytes, for whoever records, imports or reads them."""
