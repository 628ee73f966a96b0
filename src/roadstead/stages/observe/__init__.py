"""What is on the clusters: the view a plan is made from, health, drift as it happens."""
