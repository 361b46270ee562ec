"""Words to captions."""
