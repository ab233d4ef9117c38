"""PyTorch Lightning: versions of its CSV and TensorBoard loggers."""

from artui.exchange.formats import Format

FORMAT = Format(
    "lightning",
    title="PyTorch Lightning",
    stores=("lightning_logs folders",),
    hints=("lightning_logs",),
    before=("huggingface", "tensorboard"),  # event files in the folder of a version are part of that version
)
