"""A bandit over noises, sounds and SNRs."""
