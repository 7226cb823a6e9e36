"""asl_local runs Amazon States Language definitions in-process and offline."""
