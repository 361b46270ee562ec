"""Whole calls, from speech to the reader, on the real HPB and Janus."""
