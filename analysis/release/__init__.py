"""A study as a folder that can be published: what others need to check it, cite it and build on it, and nothing else.

`bundle.write_release` makes it from a `source.Source`. A whitelist is published as the bytes
that it is; nothing here imports `analysis.whitelist`.
"""
