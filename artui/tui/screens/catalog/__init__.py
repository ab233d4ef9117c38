"""The catalog itself: what it holds, its journal, what is to be settled, where it came from, and others."""
