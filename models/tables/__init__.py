"""Tables of nets as people read them: words, plots, and the same as Markdown, CSV and a page; no torch.

Start at `page.py`. What stands in a table is said by `models.experiments`; here is how it looks.
"""
