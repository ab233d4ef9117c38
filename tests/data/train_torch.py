"""A small PyTorch loop, as the manual shows it."""

import tempfile

import torch
from torch.utils.data import DataLoader, Dataset

import artui

torch.manual_seed(7)


class Points(Dataset):
    def __init__(self, run):
        self.run = run

    def __len__(self):
        return 80

    def __getitem__(self, number):
        if number % 40 == 0:
            self.run.log({"data/batches": number})  # in a forked worker
        x = torch.randn(4, generator=torch.Generator().manual_seed(number))
        return x, x.sum().unsqueeze(0)


with artui.start_run(project="torch", params={"lr": 0.1, "batch_size": 8}) as run:
    model = torch.nn.Linear(4, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    step = 0
    for epoch in range(4):
        for x, y in DataLoader(Points(run), batch_size=8, num_workers=2, multiprocessing_context="fork"):
            loss = torch.nn.functional.mse_loss(model(x), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            run.log({"train/loss": loss, "epoch": epoch}, step=step)
            step += 1
    run.log_histogram("weights", model.weight)
    with tempfile.TemporaryDirectory() as folder:
        torch.save(model.state_dict(), f"{folder}/net.pt")
        run.save("net", f"{folder}/net.pt", kind="model", alias="candidate")
