"""Where it lives: the files under `.loop/`, whole or absent.

`files`, `atomic` and `document` are the ground, `layout` the map, `bus` and `delivery` the traffic; `archive` and
`emptying` see that nothing is lost; `feed` and `heartbeat` are news; `lock` keeps runs apart. `maker` asks whose bus it
is; `older` and `adoption` know that of agent-task-runner and take it over.
"""
