"""AdamW whose parameters are float32 copies of the model's bfloat16 ones: a small step is not lost to rounding."""

import torch
from torch import Tensor, nn


class Masters:
    """`groups`: the model's parameters with their learning rate and weight decay, as torch.optim takes them."""

    def __init__(self, groups: list[dict]):
        self.working: list[nn.Parameter] = [parameter for group in groups for parameter in group["params"]]
        self.exact = [parameter.detach().float().clone().requires_grad_() for parameter in self.working]
        found = iter(self.exact)
        copied = [{**group, "params": [next(found) for _ in group["params"]]} for group in groups]
        self.optimizer = torch.optim.AdamW(copied, betas=(0.9, 0.98), fused=True)
        self.rates = [group["lr"] for group in groups]

    @torch.no_grad()
    def step(self, rate: float, most: float) -> float:
        """One step with `rate` of each group's learning rate and gradients cut to the norm `most`; returns their norm."""
        for exact, working in zip(self.exact, self.working, strict=True):
            exact.grad = working.grad.float()
            working.grad = None
        norm = nn.utils.clip_grad_norm_(self.exact, most)
        for group, own in zip(self.optimizer.param_groups, self.rates, strict=True):
            group["lr"] = rate * own
        self.optimizer.step()
        self.copy_back()
        return norm.item()

    @torch.no_grad()
    def copy_back(self) -> None:
        for exact, working in zip(self.exact, self.working, strict=True):
            working.copy_(exact)

    def state_dict(self) -> dict:
        return {"exact": self.exact, "optimizer": self.optimizer.state_dict()}

    @torch.no_grad()
    def load_state_dict(self, state: dict) -> None:
        for exact, saved in zip(self.exact, state["exact"], strict=True):
            exact.copy_(saved)
        self.optimizer.load_state_dict(state["optimizer"])
        self.copy_back()

    def exact_of(self, parameter: nn.Parameter) -> Tensor:
        return next(exact for exact, working in zip(self.exact, self.working, strict=True) if working is parameter)
