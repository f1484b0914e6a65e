"""Where it lives: the files under `.loop/`, whole or absent.

`files`, `atomic` and `document` are the ground, `layout` the map, `bus` and `delivery` the traffic, `buses` the others beside
the default bus; `archive` and
`emptying` see that nothing is lost; `feed` and `heartbeat` are news; `lock` keeps runs apart; `newer` refuses what a newer
loop wrote.
"""
