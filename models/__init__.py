"""From clips and a whitelist to nets, and an attack on them. The only package that needs torch.

Start at `models.training.train` and `models.attacking.attack`. Knows people only through `analysis.whitelist`.
"""
