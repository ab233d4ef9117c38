"""Two ranks of torchrun that share one run, as the manual shows it."""

import torch
import torch.distributed as dist

import artui

dist.init_process_group("gloo")
with artui.start_run(project="torch", name="ddp", params={"world_size": dist.get_world_size()}) as run:
    model = torch.nn.parallel.DistributedDataParallel(torch.nn.Linear(4, 1))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for step in range(10):
        x = torch.randn(8, 4)
        loss = (model(x) - x.sum(1, keepdim=True)).pow(2).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        run.log({"loss": loss}, step=step)  # rank 0: loss; rank 1: loss {rank=1}
dist.destroy_process_group()
