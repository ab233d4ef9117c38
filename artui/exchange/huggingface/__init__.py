"""Hugging Face: the Trainer's folders, and folders of models."""

from artui.exchange.formats import Format

FORMAT = Format(
    "huggingface",
    title="Hugging Face",
    stores=("trainer_state.json", "Hugging Face model folders"),
    hints=("trainer_state.json",),
    before=("tensorboard",),  # event files of a training are part of its run
)
