"""PyTorch Lightning: versions of its CSV and TensorBoard loggers."""
