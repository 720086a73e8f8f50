"""What shows that sound arrives, and how: tones to be counted, and two tests that only headphones pass."""
