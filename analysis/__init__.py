"""From judgments to a whitelist: votes, labels, agreement, ratios, decisions, the report.

Start at `analysis.certify.certify`. Reads tables of judgments; never a database, a web page or a net.
"""
