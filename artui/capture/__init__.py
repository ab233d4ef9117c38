"""The logging API: what a training script calls. Loads no screen, and never raises into the loop."""
