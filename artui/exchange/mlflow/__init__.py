"""MLflow: its database and its folder of files."""
