"""The researcher's pages: one study at a glance, its judgments, its report. Behind a sign-in."""
