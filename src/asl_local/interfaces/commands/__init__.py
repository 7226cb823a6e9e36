"""What the commands of the command line share, each with what it needs. Must never know how one does its work."""
