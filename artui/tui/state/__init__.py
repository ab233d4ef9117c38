"""What is remembered for a user: how tables are arranged, what was opened, which filters were used."""
