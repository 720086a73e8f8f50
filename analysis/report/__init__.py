"""The study's report: a module a section, from the study's data to blocks of words, tables and plots.

Begin with `page.py: write_report`, which puts them together. Nothing here decides: verdicts are the whitelist's.
"""
