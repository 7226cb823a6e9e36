"""The execution report: a run as one HTML file. Must never know how a run came about, or where the file goes."""
