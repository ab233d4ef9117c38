"""TensorBoard: event files of TensorFlow, PyTorch and other tools."""

from artui.exchange.formats import Format

FORMAT = Format(
    "tensorboard",
    title="TensorBoard",
    stores=("TensorBoard event files",),
    hints=("*tfevents*", "runs", "logs"),
    before=("lake",),
    may_be_parts=True,
)
