"""The version of artui."""

VERSION = "0.1.0"
