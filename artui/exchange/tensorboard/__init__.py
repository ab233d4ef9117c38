"""TensorBoard: event files of TensorFlow, PyTorch and all others that write them."""
