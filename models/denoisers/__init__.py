"""Take the noise out before a net listens: on sound, on filterbanks, or inside the net; one file a denoiser."""
