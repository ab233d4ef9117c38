"""The code of runs: patches, repositories, and how the code of one run differs from that of another."""
