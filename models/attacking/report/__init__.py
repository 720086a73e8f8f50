"""Report: what came of an attack as pages and tables, from what was asked alone; nothing here needs torch.

Start at `page.py`; `defence.py` compares nets.
"""
