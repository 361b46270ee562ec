"""Tests of signaling.stt."""
