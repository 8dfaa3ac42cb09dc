"""The operator's commands. What they need is imported when they run, so that `gateway` starts
soon."""
