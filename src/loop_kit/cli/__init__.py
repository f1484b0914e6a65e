"""The command line: reads the environment, prints, exits. One `cmd_NAME` per command, imported when it is called."""
