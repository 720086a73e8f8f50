"""From clips and a whitelist to nets, and an attack on them. The only package that needs torch.

Start at `models.train.train` and `models.attacks.noise_boundary`. Knows people only through `analysis.whitelist`.
"""
