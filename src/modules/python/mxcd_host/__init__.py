"""What runs a Synapse module outside Synapse: the child's end of mxcd's wire, and what the module API stands on."""
