"""What happened: git is the witness."""
