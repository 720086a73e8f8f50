"""Attacking: nets of a run meet an attacker (`models.attacks`), and what came of it becomes tables and a page.

Start at `attack.py`.
"""
