"""Tests of signaling.captions."""
