"""Tests of signaling.webrtc."""
