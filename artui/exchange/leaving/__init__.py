"""What all exports share: which runs leave, where a folder of them is put, how files are named, and what is said of it."""
