"""How good the explanations of a run are: measured in every run, and told in its report."""
