"""The files under `.loop/`, whole or absent.

`files`, `atomic` and `document` read and write one file; `layout` has the paths, `bus` the documents, `delivery` the outboxes and
`buses` the buses beside the default one. `archive` and `emptying` keep what is replaced; `feed` is the event log, `heartbeat` a
sign of life; `lock` keeps runs apart; `own_folders` refuses links; `around` notices changes between runs; `newer` refuses what
a newer loop wrote.
"""
