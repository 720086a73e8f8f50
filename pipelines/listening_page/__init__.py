"""The page on which a researcher hears a study before paying for it."""
