import time
from tests.support.runs import *
def test_x(tmp_path):
    s = Stage.set_up(tmp_path, worker=[works("three\n"), works()], reviewer=[objects(), approves()])
    t=time.monotonic()
    r = s.run()
    print(time.monotonic()-t)
    print(r)
    assert r.code == 0
    assert s.paid == (2, 2)
    nothing_left(s)
    print(s.archived(), s.refs())
