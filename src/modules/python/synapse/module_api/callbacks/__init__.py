"""Types of callbacks that mxcd does not run."""
