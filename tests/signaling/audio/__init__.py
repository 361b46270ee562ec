"""Tests of signaling.audio."""
