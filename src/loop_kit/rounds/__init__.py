"""The story: how a run starts, what a round does, how it ends. Only here files, git and agents meet."""
