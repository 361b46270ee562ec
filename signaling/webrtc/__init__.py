"""WebRTC: one peer connection per publisher, Opus packets out."""
