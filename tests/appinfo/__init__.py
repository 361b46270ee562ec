"""Tests of what AppAPI sees: manifest, image, entry point, health check."""
