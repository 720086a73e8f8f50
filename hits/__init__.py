"""From pairs to judgments: HITs, platforms, listening, quality, pay.

Start at `hits.publish.publish` and `hits.collect.collect`. Imports `pipelines` for the pairs; never a database,
never `analysis`: what is decided there comes in as plain values.
"""
