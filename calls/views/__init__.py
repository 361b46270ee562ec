"""HTTP views: parse, call one service, answer."""
