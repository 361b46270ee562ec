"""Opus packets to 80 ms frames for speech-to-text."""
