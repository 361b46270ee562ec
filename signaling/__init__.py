"""What happens inside a call: signaling, audio, speech-to-text, captions."""
