"""Weights & Biases: its transaction logs."""
