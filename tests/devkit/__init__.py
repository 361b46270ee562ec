"""Tests of the devkit: its peers are checked before anything is checked with them."""
