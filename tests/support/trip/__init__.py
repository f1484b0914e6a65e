"""The trip of a value: which files a reader enters who follows it through the calls of a package, and how often they go back.

    python -m tests.support.trip [--src DIR] MODULE:FUNCTION VALUE…

It is read from the text alone, nothing is run. VALUE is a parameter of the function (`state`), or a class (`RunState`) that the
function's parameters hold, or that is made in it. `--src` names the folder of another checkout's package.

- The value in a function is the parameter by which it came in, each name bound to a copy of it (`replace`), and each bound to
  what a call returned that was given it, where the return annotation says that it is of the value's class; within tuples too.
- A call counts when the value is an argument or when it is a method of the value. So does the making of an object from it.
- A class with a field of the value's class is a holder, and so is one that has a field of a holder's. To pass a holder counts
  when what is called uses the value through it, itself or in what it calls: `run.state.round` does, `run.now()` does not.
- A property is a field to who reads it; it counts as a call when it hands the value on.
- Calls are followed in the order in which the code is written, of a branch each side; within an expression as Python
  evaluates it. A function is read once: a later call of it is a step into its file and no more. What is defined within a
  function is read where it is defined; a method that is handed on to be called counts there.
- Where a call may mean several functions (a protocol, a base class, a tuple of steps, a callable in a field), it is all of them.
- A step into another file than the last one is an entry when the file is new, and a return when it was entered before. That a
  function comes back to its caller is no step.

Everything below the package counts but the folder `values`, which knows no value's meaning. What is given the value and cannot
be named is told at the end; calls of other packages are not followed.
"""
