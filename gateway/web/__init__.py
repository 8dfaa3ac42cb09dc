"""The web part: from a request to its answer."""
