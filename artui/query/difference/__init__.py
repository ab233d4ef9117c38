"""How one version of an artifact differs from another: its files, and what is in each."""
