"""A marketplace that speaks MTurk's wire protocol; reached by HTTP alone."""
