"""Lists of runs: in order, by columns, exported."""
