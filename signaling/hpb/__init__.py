"""Signaling with the High-Performance Backend."""
