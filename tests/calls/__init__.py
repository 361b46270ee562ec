"""Tests of the calls app."""
