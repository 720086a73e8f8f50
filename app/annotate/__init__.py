"""The annotator's pages: arrive, listen, answer, hand in. No cookie, no session; made to live in another site's frame."""
