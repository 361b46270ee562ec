"""Tests of the signaling with the High-Performance Backend."""
