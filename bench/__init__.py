"""Speed against named baselines: `python -m bench [NAME…]`, all of them without a name.

Each module measures one thing and prints it; medians over the runs it names. Nothing here is a test: what
must hold is tested elsewhere, how long it takes depends on the machine.
"""
