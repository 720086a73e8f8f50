"""From a speech corpus to pairs of clips: corpora, sound banks, noises, conditions, sampling, pairs.

Start at `pipelines.pairs.make_pairs`. Knows sound and files; never a listener, a database, a web page or a net.
"""
