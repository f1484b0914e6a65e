"""One dispatch: one document from one role, from a program or from a person."""
