"""Weights & Biases: its transaction logs."""

from artui.exchange.formats import Format

FORMAT = Format(
    "wandb",
    title="W&B",
    stores=("wandb folders",),
    hints=("wandb", "*.wandb"),
    before=("lightning",),  # what lies in the folder of a run is a file of that run
)
