"""Tests of the signaling package."""
