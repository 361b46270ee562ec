"""Joins the parts of a call: registry, calls, speakers, captions."""
