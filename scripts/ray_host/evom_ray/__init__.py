"""Places the parts of a run on a Ray cluster: solver hosts, model servers and the learner's processes. The trainer stays outside.

Ray decides where a part runs, restarts it where it died, and starts machines where there is no room. What is ours: the processes in
Ray's actors (process.py), the files that name their addresses (registry.py), how many solver hosts a queue deserves (scaling.py), and
that the learner's processes begin together (gang.py). controller.py holds these together; engines.py is Ray, or this machine alone.
"""
