"""What can be attacked: our nets, a torch module, a scikit-learn pipeline, a web address. Start at `asking.Target`."""
