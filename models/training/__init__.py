"""Training: from material to nets: folds, a run of them side by side, a course of epochs for each.

Start at `train.py`; it says in a page what a run does. `run.py` plans it, `course.py` teaches one net.
"""
