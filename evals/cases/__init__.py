"""What is asked: sets of cases are read and checked, a user's own are made, some articles are held out of training."""
