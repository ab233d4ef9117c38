"""MLflow: its database and its folder of files."""

from artui.exchange.formats import Format

FORMAT = Format(
    "mlflow",
    title="MLflow",
    stores=("mlruns folders", "mlflow.db"),
    hints=("mlruns", "mlflow.db", "*.db", "*.sqlite"),
    before=("wandb", "plain"),  # what lies in the folder of a run is an artifact of that run
)

SCHEMES = ("mlflow", "mlflow+https")


def is_server(text: str) -> bool:
    """Say whether a text is meant to name an MLflow server."""
    return text.lower().startswith(("mlflow:", "mlflow+"))
