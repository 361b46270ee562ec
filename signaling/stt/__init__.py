"""Speech-to-text: wires, text, streams."""
