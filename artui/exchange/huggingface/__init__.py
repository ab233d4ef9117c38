"""Hugging Face: trainers' folders and folders of models."""
