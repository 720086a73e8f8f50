"""The annotator's pages: arrive, listen, answer, hand in. No cookie; made to live in a frame."""
