"""The command `raman-pipeline`: arguments, progress and tables on the terminal.

What belongs here: one module per command that has options of its own. What does not: anything
that a Python caller would want (see `runs` and the domain packages).
"""
